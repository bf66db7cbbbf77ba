package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() {
	register(func() *cli.Command {
		return createCommand("create", "make namespaces: complete, with lo up and verified, or not at all")
	})
	register(func() *cli.Command { return createCommand("add", "create, without a word, as ip netns add") })
}

func createCommand(verb, usage string) *cli.Command {
	return &cli.Command{
		Name:      verb,
		Usage:     usage,
		ArgsUsage: "NAME...",
		Description: "All names are one transaction: all namespaces are made, or none is.\n\n" +
			"   netns " + verb + " demo\n   netns " + verb + " --address 10.1.2.3/32 --sysctl net.ipv4.ip_forward=1 a b c",
		Flags: append(setupFlags(),
			&cli.BoolFlag{Name: "rollback-on-fail", Value: true,
				Usage: "leave nothing when something fails; =false keeps what there is, for a look at it"},
			&cli.BoolFlag{Name: "if-not-exists", Usage: "take a namespace that is there already as it is"},
			&cli.BoolFlag{Name: "dry-run", Usage: "check everything that can be checked, and change nothing"},
			&cli.DurationFlag{Name: "timeout", Usage: "give up and roll back after this time, as 5s (0: never)"},
		),
		Action: create,
	}
}

// setupFlags are for a verb that makes namespaces, and setupOptions reads them.
func setupFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "address", Usage: "give lo this address as well, `CIDR` (repeatable)"},
		&cli.StringSliceFlag{Name: "sysctl", Usage: "set this inside, `KEY=VALUE`, net. keys only (repeatable)"},
		&cli.BoolFlag{Name: "loopback", Value: true, Usage: "bring lo up"},
		&cli.BoolFlag{Name: "verify", Value: true, Usage: "check that lo is up and answers an ICMP echo"},
	}
}

func setupOptions(c *cli.Context) (netns.Options, error) {
	o := netns.Options{
		Sysctls:    c.StringSlice("sysctl"),
		Addresses:  c.StringSlice("address"),
		NoLoopback: !c.Bool("loopback"),
		NoVerify:   !c.Bool("verify"),
	}
	if o.NoLoopback && c.IsSet("verify") && !o.NoVerify {
		return o, usageError{"--verify needs --loopback: what is down does not answer"}
	}
	return o, nil
}

// whatToDo about a name that create finds taken, by its state.
var whatToDo = map[netns.State]string{
	netns.Ready:        "delete it first, or take it as it is with --if-not-exists",
	netns.Kept:         "look at it, then remove it with netns delete",
	netns.InProgress:   "wait for it with --if-not-exists",
	netns.Stale:        "try again; netns delete removes it",
	netns.Unmounted:    "remove what is left with netns delete",
	netns.Elsewhere:    "if nothing needs it there, remove it with netns delete --force",
	netns.Foreign:      "if it is left over, netns delete removes it, or says why not",
	netns.Incompatible: "use that version, or remove it with netns delete --force",
	netns.Unreadable:   "run it with sudo",
}

func create(c *cli.Context) error {
	names := c.Args().Slice()
	if len(names) == 0 {
		return usageError{c.Command.Name + ": no name given; see netns create --help"}
	}
	options, err := createOptions(c)
	if err == nil {
		err = netns.Check(names, options)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Command.Name, err)
	}
	ctx := untilSignal(c.Context)
	if d := c.Duration("timeout"); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, timeoutError(d))
		defer cancel()
	}
	if c.Bool("dry-run") {
		return dryRun(c, names, options)
	}
	progress := newBar(c, len(names))
	if progress != nil {
		options.Progress = func(e netns.Event) {
			if e.Stage == "unshare" { // with which each namespace begins; its stages take about the same time for all
				progress.step()
			}
		}
	}
	made, err := makeAll(ctx, c, names, options)
	progress.clear()
	if err != nil {
		return createError(c.Command.Name, names, err)
	}
	return report(c, made, options)
}

func createOptions(c *cli.Context) (netns.Options, error) {
	o, err := setupOptions(c)
	if err != nil {
		return o, err
	}
	o.Dir, o.KeepOnFail = runDir(c), !c.Bool("rollback-on-fail")
	if c.Duration("timeout") < 0 {
		return o, usageError{"--timeout must not be negative"}
	}
	if c.Bool("verbose") && !c.Bool("quiet") {
		o.Progress = func(e netns.Event) {
			fmt.Fprintf(os.Stderr, "%s: %s: %v\n", e.Namespace, e.Stage, e.Took.Round(time.Microsecond))
		}
	}
	return o, nil
}

// makeAll makes those of the names that are not there, and returns them.
func makeAll(ctx context.Context, c *cli.Context, names []string, o netns.Options) ([]string, error) {
	if !c.Bool("if-not-exists") {
		return names, netns.Create(ctx, names, o)
	}
	for {
		missing, err := missing(ctx, c, names, o.Dir)
		if err != nil || len(missing) == 0 {
			return missing, err
		}
		err = netns.Create(ctx, missing, o)
		var state *netns.StateError
		if errors.As(err, &state) && (state.State == netns.Ready || state.State == netns.InProgress) {
			continue // somebody was faster
		}
		return missing, err
	}
}

// patience is how long a namespace that somebody else is making is waited for. It has a name for a moment only before it
// is ready, so this is for a maker that was stopped.
const patience = 10 * time.Second

// missing returns those of the names that have to be made, once what is in progress is ready or gone.
func missing(ctx context.Context, c *cli.Context, names []string, dir string) (missing []string, err error) {
	deadline := time.Now().Add(patience)
	for _, name := range names {
		for {
			entry, err := netns.Lookup(dir, name)
			var notExist *netns.NotExistError
			if errors.As(err, &notExist) || err == nil && entry.State == netns.Stale {
				missing = append(missing, name)
				break
			}
			if err != nil {
				return nil, err
			}
			if entry.State == netns.Ready {
				if !c.Bool("quiet") {
					fmt.Fprintf(os.Stderr, "netns: %s exists and is left as it is\n", printable(name))
				}
				break
			}
			path := filepath.Join(dir, name)
			if entry.State != netns.InProgress || time.Now().After(deadline) {
				return nil, &netns.StateError{Path: path, Entry: entry}
			}
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(time.Millisecond):
			}
		}
	}
	return missing, nil
}

// createError says what failed: a stage's error names its namespace itself.
func createError(verb string, names []string, err error) error {
	subject := verb
	var stage *netns.StageError
	if !errors.As(err, &stage) && len(names) == 1 {
		subject += " " + printable(names[0])
	}
	return advise(fmt.Errorf("%s: %w", subject, err), whatToDo)
}

// report prints what was made. The lines are those of the contract.
func report(c *cli.Context, names []string, o netns.Options) error {
	if c.Bool("quiet") || len(names) == 0 || c.Command.Name == "add" { // ip's word is silent, and so is ours
		return nil
	}
	if netns.HiddenFromInit(o.Dir, names[0]) {
		fmt.Fprintln(os.Stderr, "netns: warning: these names show their namespaces in this mount namespace only "+
			"(as under ip netns exec, or systemd's PrivateMounts=)")
	}
	var text strings.Builder
	for _, name := range names {
		fmt.Fprintf(&text, "Created network namespace '%s' at %q\n", escaped(name), filepath.Join(o.Dir, name))
	}
	switch {
	case o.NoLoopback:
	case o.NoVerify:
		text.WriteString("Loopback interface is UP\n")
	default:
		text.WriteString("Loopback interface is UP - localhost is reachable\n")
	}
	return output(c, text.String(), "created, but standard output could not be written")
}

func dryRun(c *cli.Context, names []string, o netns.Options) error {
	var text strings.Builder
	for _, name := range names {
		entry, err := netns.Lookup(o.Dir, name)
		var notExist *netns.NotExistError
		switch {
		case errors.As(err, &notExist) || err == nil && entry.State == netns.Stale:
			fmt.Fprintf(&text, "Would create network namespace '%s' at %q\n", escaped(name), filepath.Join(o.Dir, name))
		case err == nil && entry.State == netns.Ready && c.Bool("if-not-exists"):
			fmt.Fprintf(&text, "Would leave network namespace '%s' as it is\n", escaped(name))
		case err == nil:
			err = &netns.StateError{Path: filepath.Join(o.Dir, name), Entry: entry}
			fallthrough
		default:
			return createError(c.Command.Name, names, err)
		}
	}
	if c.Bool("quiet") {
		return nil
	}
	return output(c, text.String(), "standard output could not be written")
}
