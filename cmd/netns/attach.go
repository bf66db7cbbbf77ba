package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(attachCommand) }

func attachCommand() *cli.Command {
	return &cli.Command{
		Name:      "attach",
		Usage:     "give the namespace of a running process a name",
		ArgsUsage: "NAME PID",
		Description: "The namespace then stays when the process ends, until the name is deleted. A thread's number will do as well.\n" +
			"netns's own namespace, which mostly is the machine's, is refused without --own.\n\n   netns attach demo 4711",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "own", Usage: "also the namespace that netns itself is in"},
		},
		Action: attach,
	}
}

func attach(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return usageError{"attach: wants a name and the number of a process; see netns attach --help"}
	}
	name := c.Args().First()
	if err := netns.Check([]string{name}, netns.Options{}); err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	pid, err := parsePID(c.Args().Get(1))
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	ctx := untilSignal(c.Context)
	ns, err := netns.OpenPID(pid)
	if err != nil {
		err = fmt.Errorf("attach %s: process %d: %w", printable(name), pid, err)
		if errors.Is(err, fs.ErrPermission) {
			err = advise(err, nil)
		}
		return err
	}
	defer ns.Close()
	if err := attachTo(ctx, c, name, ns); err != nil {
		return advise(fmt.Errorf("attach %s: %w", printable(name), err), whatToAttach)
	}
	return nil
}

// whatToAttach says what to do about a name that attach finds taken, by its state.
var whatToAttach = func() map[netns.State]string {
	advice := maps.Clone(whatToDo)
	advice[netns.Ready] = "delete it first, or take another name"
	advice[netns.InProgress] = "take another name"
	return advice
}()

func attachTo(ctx context.Context, c *cli.Context, name string, ns *netns.Namespace) error {
	err := netns.Create(ctx, []string{name}, netns.Options{Dir: runDir(c), From: ns, Own: c.Bool("own")})
	if errors.Is(err, netns.ErrOwn) {
		return usageError{fmt.Sprintf("%s is the namespace that netns itself is in: if that is meant, say --own", ns.Path())}
	}
	return err
}
