package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

func createVerb(name, usage string) verb {
	more := ""
	if name == "add" {
		more = " If the environment has\n" + loopbackVar + "=0, lo stays down, as after ip netns add."
	}
	return verb{finishes: true, Command: &cli.Command{
		Name:      name,
		Usage:     usage,
		ArgsUsage: "NAME...",
		Description: "The names are one transaction: netns makes all the namespaces, or none." + more + "\n\n" +
			"   netns " + name + " demo\n   netns " + name + " --address 10.1.2.3/32 --sysctl net.ipv4.ip_forward=1 a b c",
		Flags: append(setupFlags(),
			&cli.BoolFlag{Name: "rollback-on-fail", Value: true,
				Usage: "leave nothing if a step fails; =false keeps the namespaces for inspection"},
			&cli.BoolFlag{Name: "if-not-exists", Usage: "keep a ready namespace as it is; wait for a namespace in progress"},
			&cli.BoolFlag{Name: "dry-run", Usage: "only check the names, the options and what exists; change nothing"},
			&cli.DurationFlag{Name: "timeout", Usage: "give up and roll back after this `TIME`, such as 5s (0: never)"},
		),
	}, run: func(e *env, o *cli.Context) error {
		setup, err := setupOptions(e, o, e.args)
		if err != nil {
			return err
		}
		setup.KeepOnFail = !o.Bool("rollback-on-fail")
		c := creation{e, setup, o.Bool("if-not-exists"), o.Bool("dry-run"), o.Duration("timeout")}
		return c.run()
	}}
}

// A creation is a call of create or add.
type creation struct {
	*env
	netns.Options
	ifNotExists, dryRun bool
	timeout             time.Duration
}

// setupFlags are the options of a verb that makes namespaces, and setupOptions reads and checks them with the names.
func setupFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "address", Usage: "also give lo the address `CIDR` (repeatable)"},
		&cli.StringSliceFlag{Name: "sysctl", Usage: "set the kernel parameter `KEY=VALUE` inside; only net. keys (repeatable)"},
		&cli.BoolFlag{Name: "loopback", Value: true, Usage: "bring lo up; =false leaves it down"},
		&cli.BoolFlag{Name: "verify", Value: true, Usage: "check that lo is up and answers an ICMP echo; =false leaves this out"},
	}
}

func setupOptions(e *env, o *cli.Context, names []string) (netns.Options, error) {
	loopback, err := loopbackOf(e, o)
	if err != nil {
		return netns.Options{}, err
	}
	setup := netns.Options{
		Sysctls:    o.StringSlice("sysctl"),
		Addresses:  o.StringSlice("address"),
		NoLoopback: !loopback,
		NoVerify:   !o.Bool("verify"),
	}
	if setup.NoLoopback && o.IsSet("verify") && !setup.NoVerify {
		return setup, usagef("%s: --verify needs --loopback: a lo that is down does not answer", e.verb)
	}
	if err := netns.Check(names, setup); err != nil {
		return setup, fmt.Errorf("%s: %w", e.verb, err)
	}
	return setup, nil
}

// loopbackVar is the environment variable that makes add leave lo down, as ip netns add does, for scripts that give lo its
// address themselves. It is not for the verbs that ip lacks.
const loopbackVar = "NETNS_ADD_LOOPBACK"

// loopbackOf reports whether a verb brings lo up. An option goes before the variable.
func loopbackOf(e *env, o *cli.Context) (bool, error) {
	text := os.Getenv(loopbackVar)
	if e.verb != "add" || o.IsSet("loopback") || text == "" {
		return o.Bool("loopback"), nil
	}
	loopback, err := strconv.ParseBool(text)
	if err != nil {
		return false, usagef("add: %s=%s: neither 0 nor 1", loopbackVar, text)
	}
	return loopback, nil
}

func (c *creation) run() error {
	if len(c.args) == 0 {
		return usagef("%s: no name given; see netns create --help", c.verb)
	}
	if c.timeout < 0 {
		return usagef("%s: --timeout must not be negative", c.verb)
	}
	if c.timeout > 0 {
		var cancel context.CancelFunc
		c.ctx, cancel = context.WithTimeoutCause(c.ctx, c.timeout, timeoutError(c.timeout))
		defer cancel()
	}
	if c.dryRun {
		return c.try()
	}
	bar := c.newBar(len(c.args))
	switch {
	case c.verbose && !c.quiet:
		c.Progress = func(e netns.Event) {
			fmt.Fprintf(os.Stderr, "%s: %s: %v\n", e.Namespace, e.Stage, e.Took.Round(time.Microsecond))
		}
	case bar != nil:
		c.Progress = func(e netns.Event) {
			if e.Stage == "unshare" { // the first stage of each namespace
				bar.Step()
			}
		}
	}
	made, err := c.makeAll()
	bar.Clear()
	if err != nil {
		return c.failed(err)
	}
	return c.report(made)
}

// makeAll makes the missing ones of the names, or all if existing names are an error, and returns them.
func (c *creation) makeAll() ([]string, error) {
	if !c.ifNotExists {
		return c.args, c.create(c.args, c.Options)
	}
	for {
		missing, existing, err := c.missing(time.Now().Add(patience))
		for _, name := range existing {
			if !c.quiet {
				fmt.Fprintf(os.Stderr, "netns: %s exists and is left as it is\n", term.Printable(name))
			}
		}
		if err != nil || len(missing) == 0 {
			return missing, err
		}
		err = c.create(missing, c.Options)
		state, ok := errors.AsType[*netns.StateError](err)
		if ok && (state.State == netns.Ready || state.State == netns.InProgress) {
			continue // another process was faster
		}
		return missing, err
	}
}

// patience is how long create waits for a namespace that another process is making. A namespace is ready a moment after it gets
// its name, so a longer wait means that its maker was stopped.
const patience = 10 * time.Second

// missing returns the names for which a namespace has to be made, and with --if-not-exists, the others. Until the deadline, it
// waits for names in progress.
func (c *creation) missing(deadline time.Time) (missing, existing []string, err error) {
	for _, name := range c.args {
		entry, err := c.settled(name, deadline)
		switch {
		case is[*netns.NotExistError](err), err == nil && entry.State == netns.Stale:
			missing = append(missing, name)
		case err != nil:
			return nil, existing, err
		case entry.State == netns.Ready && c.ifNotExists:
			existing = append(existing, name)
		default:
			return nil, existing, &netns.StateError{Path: c.pathOf(name), Entry: entry}
		}
	}
	return missing, existing, nil
}

// settled looks a name up until it is no longer in progress.
func (c *creation) settled(name string, deadline time.Time) (netns.Entry, error) {
	for {
		entry, err := c.dir.Lookup(name)
		if err != nil || entry.State != netns.InProgress || time.Now().After(deadline) {
			return entry, err
		}
		select {
		case <-c.ctx.Done():
			return entry, context.Cause(c.ctx)
		case <-time.After(time.Millisecond):
		}
	}
}

// failed adds the names and advice to an error. The error of a stage has its name already.
func (c *creation) failed(err error) error {
	subject := c.verb
	if len(c.args) == 1 && !is[*netns.StageError](err) {
		subject += " " + term.Printable(c.args[0])
	}
	return nameTaken(advise(fmt.Errorf("%s: %w", subject, err), whatToCreate))
}

// report prints the names that were made. Scripts rely on these lines.
func (c *creation) report(names []string) error {
	if c.quiet || len(names) == 0 {
		return nil
	}
	c.warnIfHidden(names[0])
	if c.verb == "add" { // ip netns add is silent, too
		return nil
	}
	text := lines(names, func(name string) string {
		return fmt.Sprintf("Created network namespace '%s' at %q", term.Escaped(name), c.pathOf(name))
	})
	switch {
	case c.NoLoopback:
	case c.NoVerify:
		text += "Loopback interface is UP\n"
	default:
		text += "Loopback interface is UP - localhost is reachable\n"
	}
	if err := c.print(text); err != nil {
		return fmt.Errorf("created, but %w", err)
	}
	return nil
}

// try prints the names that create would make.
func (c *creation) try() error {
	missing, existing, err := c.missing(time.Time{})
	if err != nil {
		return c.failed(err)
	}
	if c.quiet {
		return nil
	}
	return c.print(lines(missing, func(name string) string {
		return fmt.Sprintf("Would create network namespace '%s' at %q", term.Escaped(name), c.pathOf(name))
	}) + lines(existing, func(name string) string {
		return fmt.Sprintf("Would leave network namespace '%s' as it is", term.Escaped(name))
	}))
}
