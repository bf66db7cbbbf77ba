package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

func identifyVerb() verb {
	return verb{formats: []string{"json"}, Command: &cli.Command{
		Name:      "identify",
		Usage:     "show the names of a process's namespace",
		ArgsUsage: "[PID]",
		Description: "Prints each name on a line of its own. If the namespace has no name, prints an empty line, as ip netns\n" +
			"identify does. PID may also be the number of a thread. Without PID, netns takes the namespace in which it was\n" +
			"started.\n\n   netns identify 1234\n   netns exec demo netns identify",
	}, run: func(e *env, _ *cli.Context) error { return identify(e) }}
}

func identify(e *env) (err error) {
	pid := os.Getpid()
	switch len(e.args) {
	case 0:
	case 1:
		if pid, err = parsePID(e.args[0]); err != nil {
			return fmt.Errorf("identify: %w", err)
		}
	default:
		return usagef("identify: takes one process; see netns identify --help")
	}
	names, err := namesOf(e, pid)
	if err != nil {
		return advise(fmt.Errorf("identify: %w", err), nil)
	}
	if e.format == "json" {
		return e.printJSON(mapped(names, func(name string) nameJSON { return nameJSON{jsonVersion, name, e.pathOf(name), pid} }))
	}
	return e.print(strings.Join(mapped(names, term.Printable), "\n") + "\n")
}

func namesOf(e *env, pid int) ([]string, error) {
	ns, err := openPID(pid)
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	return e.dir.NamesOf(ns)
}

// A nameJSON is an element of what -o json prints.
type nameJSON struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	Path    string `json:"path"`
	PID     int    `json:"pid"`
}
