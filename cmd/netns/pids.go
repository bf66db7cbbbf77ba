package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/holders"
	"github.com/urfave/cli/v2"
)

func pidsVerb() verb {
	return verb{finishes: true, formats: []string{"json"}, Command: &cli.Command{
		Name:      "pids",
		Usage:     "list the processes in a namespace",
		ArgsUsage: "NAME",
		Description: "Prints the number of each process whose main thread is inside, as ip netns pids does. With --all, it also\n" +
			"lists the threads, descriptors, sockets and other mounts that keep the namespace alive. Other users' processes\n" +
			"need CAP_SYS_PTRACE, and sockets need CAP_NET_ADMIN.\n\n   netns pids demo\n   netns pids --all demo",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "list everything that keeps the namespace alive"},
		},
	}, run: func(e *env, o *cli.Context) error { return pids(e, o.Bool("all")) }}
}

func pids(e *env, all bool) error {
	if len(e.args) != 1 {
		return usagef("pids: takes one name; see netns pids --help")
	}
	name := e.args[0]
	ns, err := e.dir.Open(name)
	var found [][]holders.Holder
	if err == nil {
		defer ns.Close()
		look := holders.Processes
		if all {
			look = holders.Of
		}
		found, err = look(e.ctx, ns)
	}
	if err != nil {
		return advise(fmt.Errorf("pids %s: %w", term.Printable(name), err), whatToEnter)
	}
	if err := holders.CheckComplete(e.ctx); err != nil && !e.quiet {
		fmt.Fprintf(os.Stderr, "netns: warning: pids %s: some may be missing: %s\n", term.Printable(name), term.Escaped(err.Error()))
	}
	path := filepath.Join(e.realPath(), name)
	isName := func(h holders.Holder) bool { return h.Kind == holders.Mount && h.PID == 0 && h.Path == path }
	others := slices.DeleteFunc(found[0], isName) // which the user knows
	switch {
	case e.format == "json":
		return e.printJSON(mapped(others, newHolderJSON))
	case all:
		return e.print(holdersTable(others))
	}
	return e.print(lines(others, func(h holders.Holder) string { return strconv.Itoa(h.PID) }))
}

func holdersTable(all []holders.Holder) string {
	rows := [][]string{{"PID", "KIND", "DETAIL", "COMMAND"}}
	for _, h := range all {
		pid, detail, command := strconv.Itoa(h.PID), "-", term.Printable(h.Command)
		switch h.Kind {
		case holders.Thread:
			detail = strconv.Itoa(h.TID)
		case holders.Descriptor, holders.Socket:
			detail = strconv.Itoa(h.FD)
		case holders.Mount:
			detail = term.Printable(h.Path)
			if h.PID == 0 {
				pid, command = "-", "-"
			}
		}
		rows = append(rows, []string{pid, string(h.Kind), detail, command})
	}
	return term.Table(rows)
}

// A holderJSON is an element of what -o json prints.
type holderJSON struct {
	Version int          `json:"version"`
	Kind    holders.Kind `json:"kind"`
	PID     int          `json:"pid,omitempty"` // missing for a mount in the caller's mount namespace
	TID     int          `json:"tid,omitempty"`
	FD      *int         `json:"fd,omitempty"`
	Path    string       `json:"path,omitempty"`
	Command string       `json:"command,omitempty"`
}

func newHolderJSON(h holders.Holder) holderJSON {
	row := holderJSON{jsonVersion, h.Kind, h.PID, h.TID, nil, h.Path, h.Command}
	if h.Kind == holders.Descriptor || h.Kind == holders.Socket {
		row.FD = &h.FD
	}
	return row
}
