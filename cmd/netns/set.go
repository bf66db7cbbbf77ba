package main

import (
	"fmt"
	"strconv"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

func setVerb() verb {
	return verb{Command: &cli.Command{
		Name:      "set",
		Usage:     "give a namespace an id",
		ArgsUsage: "NAME ID|auto",
		Description: "Programs in the caller's namespace know the other namespace by this id, until one of the two ends. ID is a\n" +
			"decimal, hexadecimal (0x10) or octal (010) number. With auto, the kernel chooses a free id.\n\n   netns set demo 7",
	}, run: func(e *env, _ *cli.Context) error { return set(e) }}
}

func set(e *env) error {
	if len(e.args) < 2 {
		return usagef("set: wants a name and an id; see netns set --help")
	}
	e.ignore(e.args[2:])
	name, text := e.args[0], e.args[1]
	set := func(ns *netns.Namespace) error { _, err := ns.AssignNSID(); return err }
	if text != "auto" {
		id, err := parseNSID(text)
		if err != nil {
			return fmt.Errorf("set: %w", err)
		}
		set = func(ns *netns.Namespace) error { return ns.SetNSID(id) }
	}
	ns, err := e.dir.Open(name)
	if err == nil {
		defer ns.Close()
		err = set(ns)
	}
	if err != nil {
		return advise(fmt.Errorf("set %s: %w", term.Printable(name), err), whatToEnter)
	}
	return nil
}

// parseNSID returns an id in any of C's notations, as ip takes it.
func parseNSID(text string) (int, error) {
	id, err := strconv.ParseInt(text, 0, 32)
	if err != nil || id < 0 {
		return 0, usagef("%q is not an nsid: a number from 0 to 2147483647", text)
	}
	return int(id), nil
}
