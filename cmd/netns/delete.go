package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

func init() { register(deleteCommand) }

func deleteCommand() *cli.Command {
	return &cli.Command{
		Name:      "delete",
		Aliases:   []string{"del", "rm"},
		Usage:     "remove namespaces",
		ArgsUsage: "NAME...",
		Description: "A failure does not keep the other names from being deleted. What keeps a namespace whose name is gone, a\n" +
			"process say, is named on standard error.\n\n   netns delete demo\n   netns delete --kill --wait demo",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "if-exists", Usage: "a name that is not there is fine"},
			&cli.BoolFlag{Name: "all", Usage: "delete every network namespace that there is"},
			&cli.BoolFlag{Name: "force", Usage: "also what may be mounted in another mount namespace, what another tool " +
				"made a moment ago, or another version of netns; with --kill, also where processes may be hidden"},
			&cli.StringFlag{Name: "kill", Usage: "first end the processes inside, with TERM or the signal of --kill`[=SIGNAL]`"},
			&cli.DurationFlag{Name: "grace", Value: 5 * time.Second, Usage: "let them have this `TIME` before KILL"},
			&cli.BoolFlag{Name: "wait", Usage: "return when the kernel has taken the namespaces down"},
			&cli.DurationFlag{Name: "timeout", Usage: "wait for this `TIME` only"},
		},
		Action: deleteAll,
	}
}

// whatToDelete says what to do about a name that delete leaves alone, by its state.
var whatToDelete = map[netns.State]string{
	netns.Foreign:      "it is no network namespace's; if it is in the way, remove it by hand",
	netns.Elsewhere:    "if nothing needs it there, use --force",
	netns.Incompatible: "use that version, or --force",
}

func deleteAll(c *cli.Context) error {
	runtime.UnlockOSThread() // it becomes no command either, and is quicker for many names
	ctx := untilSignal(c.Context)
	d, err := newDeletion(c)
	if err != nil {
		return err
	}
	defer d.close()
	if c.Context.Value(inBatch{}) != nil { // which goes on
		defer d.letGo()
	}
	names, err := namesToDelete(c)
	if err != nil {
		return err
	}
	d.several, d.bar = len(names) > 1, newBar(c, len(names))
	if err := d.checkKill(names); err != nil {
		return err
	}
	for share := range slices.Chunk(names, atOnce(d.kill || d.wait)) {
		if err := d.share(ctx, share); err != nil {
			return err
		}
	}
	if err := d.waitForAll(ctx); err != nil {
		return err
	}
	return d.first
}

// atOnce is how many names are deleted together. Their namespaces are open meanwhile, so that what keeps one is found
// without mistaking another one for it, and so that the kernel does not take down the first while it unmounts the others:
// each would wait for the other's readers (synchronize_rcu_expedited). Those that are to be opened first are open twice.
func atOnce(twice bool) int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1
	}
	if twice {
		limit.Cur /= 2
	}
	return int(max(1, min(4096, limit.Cur/2)))
}

func namesToDelete(c *cli.Context) ([]string, error) {
	names, all := c.Args().Slice(), c.Bool("all")
	switch {
	case all && len(names) > 0:
		return nil, usageError{"delete: --all takes no names"}
	case !all && len(names) == 0:
		return nil, usageError{"delete: no name given; see netns delete --help"}
	case !all:
		return names, nil
	}
	for e, err := range netns.List(runDir(c)) {
		if err != nil {
			return nil, fmt.Errorf("delete: %w", err)
		}
		switch e.State { // what is not a namespace's, or lives elsewhere, is deleted by name only
		case netns.Ready, netns.Kept, netns.Stale, netns.Unmounted:
			names = append(names, e.Name)
		}
	}
	return names, nil
}
