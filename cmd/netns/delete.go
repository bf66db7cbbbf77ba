package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/netns-go/netns/holders"
	"github.com/urfave/cli/v2"
)

func deleteVerb() verb {
	return verb{finishes: true, Command: &cli.Command{
		Name:      "delete",
		Aliases:   []string{"del", "rm"},
		Usage:     "remove namespaces",
		ArgsUsage: "NAME...",
		Description: "If netns cannot delete a name, it still deletes the others. If anything keeps a namespace alive after that, a\n" +
			"warning on standard error says what.\n\n   netns delete demo\n   netns delete --kill --wait demo",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "if-exists", Usage: "ignore missing names"},
			&cli.BoolFlag{Name: "all", Usage: "delete every network namespace in the run directory"},
			&cli.BoolFlag{Name: "force", Usage: "also delete a name that something else may still need; with --kill, go on even if " +
				"processes may be hidden (see the manual)"},
			&cli.StringFlag{Name: "kill", Usage: "first send TERM to the processes inside, or another signal: --kill`[=SIGNAL]`"},
			&cli.DurationFlag{Name: "grace", Value: 5 * time.Second, Usage: "with --kill, wait this `TIME`, then send SIGKILL"},
			&cli.BoolFlag{Name: "wait", Usage: "return when the kernel has taken the namespaces down"},
			&cli.DurationFlag{Name: "timeout", Usage: "with --wait, give up after this `TIME`"},
		},
	}, run: func(e *env, o *cli.Context) error {
		d := &deletion{
			env: e, force: o.Bool("force"), all: o.Bool("all"), lenient: o.Bool("all") || o.Bool("if-exists"),
			kill: o.IsSet("kill"), wait: o.Bool("wait"), grace: o.Duration("grace"), timeout: o.Duration("timeout"),
		}
		switch {
		case o.IsSet("grace") && !d.kill:
			return usagef("delete: --grace needs --kill")
		case o.IsSet("timeout") && !d.wait:
			return usagef("delete: --timeout needs --wait")
		case d.grace < 0 || d.timeout < 0:
			return usagef("delete: a time must not be negative")
		}
		if d.signal = signals.Parse(o.String("kill")); d.kill && d.signal == 0 {
			return usagef("delete: --kill: %q is not a signal; give a name such as TERM, or a number from 1 to 64", o.String("kill"))
		}
		return d.run()
	}}
}

func (d *deletion) run() error {
	names, err := d.names()
	if err != nil {
		return err
	}
	d.bar = d.newBar(len(names))
	defer d.close()
	if err := d.checkKill(names); err != nil {
		return err
	}
	for share := range slices.Chunk(names, d.atOnce()) {
		if err := d.share(share); err != nil {
			return err
		}
	}
	if err := d.waitForAll(); err != nil {
		return err
	}
	return d.first
}

// names returns the names to delete.
func (d *deletion) names() (names []string, err error) {
	switch {
	case d.all && len(d.args) > 0:
		return nil, usagef("delete: --all takes no names")
	case !d.all && len(d.args) == 0:
		return nil, usagef("delete: no name given; see netns delete --help")
	case !d.all:
		return d.listed(), nil
	}
	for e, err := range d.dir.List() {
		if err != nil {
			return nil, fmt.Errorf("delete: %w", err)
		}
		switch e.State { // --all leaves files of other kinds, and namespaces elsewhere
		case netns.Ready, netns.Kept, netns.Stale, netns.Unmounted:
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// share deletes some of the names. An error ends the whole command.
func (d *deletion) share(names []string) (err error) {
	d.letGo()
	makeRoom(len(names))
	var watch *holders.Witness
	deleteSome := d.deleteNames
	if d.kill || d.wait {
		byName := d.openAll(names)
		if err := d.endProcesses(); err != nil {
			return err
		}
		if d.wait && len(d.open) > 0 {
			if watch, err = holders.NewWitness(d.open...); err != nil {
				return advise(fmt.Errorf("delete: %w", err), nil)
			}
		}
		deleteSome = func(names []string) ([]*netns.Namespace, error) { return d.deleteOpen(names[0], byName) }
	}
	deleted, err := d.remove(names, deleteSome)
	if watch != nil {
		d.waits = append(d.waits, waiting{watch, deleted})
	} else if !d.quiet {
		d.warn(deleted, d.holding(d.ctx, deleted))
	}
	return err
}
