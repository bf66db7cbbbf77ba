package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

func attachVerb() verb {
	return verb{finishes: true, Command: &cli.Command{
		Name:      "attach",
		Usage:     "give the namespace of a running process a name",
		ArgsUsage: "NAME PID",
		Description: "The namespace then outlives the process, until the name is deleted. PID may also be the number of a thread.\n" +
			"Without --own, attach refuses the namespace of netns itself, which is usually the machine's.\n\n   netns attach demo 4711",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "own", Usage: "also accept the namespace that netns itself is in"},
		},
	}, run: func(e *env, o *cli.Context) error { return attach(e, o.Bool("own")) }}
}

func attach(e *env, own bool) error {
	if len(e.args) < 2 {
		return usagef("attach: wants a name and the number of a process; see netns attach --help")
	}
	e.ignore(e.args[2:])
	name := e.args[0]
	if err := netns.Check([]string{name}, netns.Options{}); err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	pid, err := parsePID(e.args[1])
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	ns, err := openPID(pid)
	if err != nil {
		err = fmt.Errorf("attach %s: %w", term.Printable(name), err)
		if errors.Is(err, fs.ErrPermission) {
			err = advise(err, nil)
		}
		return err
	}
	defer ns.Close()
	if err := attachTo(e, name, ns, own); err != nil {
		return nameTaken(advise(fmt.Errorf("attach %s: %w", term.Printable(name), err), whatToAttach))
	}
	e.warnIfHidden(name)
	return nil
}

func attachTo(e *env, name string, ns *netns.Namespace, own bool) error {
	err := e.create([]string{name}, netns.Options{From: ns, Own: own})
	if is[*netns.OwnError](err) {
		return usagef("%s is the namespace that netns itself is in; use --own if you mean it", ns.Path())
	}
	return err
}

// openPID opens the namespace of a process or thread.
func openPID(pid int) (*netns.Namespace, error) {
	ns, err := netns.OpenPID(pid)
	switch {
	case is[*netns.NotExistError](err):
		return nil, codedError{fmt.Errorf("no process %d", pid), codeNotExist}
	case err != nil:
		return nil, fmt.Errorf("process %d: %w", pid, err)
	}
	return ns, nil
}

// parsePID returns the number of a process.
func parsePID(text string) (int, error) {
	pid, err := strconv.Atoi(text)
	if err != nil || pid <= 0 {
		return 0, usagef("%q is not the number of a process", text)
	}
	return pid, nil
}
