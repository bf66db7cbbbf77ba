package main

import (
	"cmp"
	"fmt"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/cmd/netns/internal/view"
	"github.com/urfave/cli/v2"
)

func listVerb() verb {
	return verb{formats: []string{"name", "table", "wide", "json"}, Command: &cli.Command{
		Name:    "list",
		Aliases: []string{"ls", "show", "lst"},
		Usage:   "list namespaces",
		Description: "Prints each name as ip netns does, with the id if the caller's namespace has an id for it. -o wide shows\n" +
			"more. With --all, list shows a namespace without a name, such as a container's, by a path that leads to it. List\n" +
			"needs no privilege, but shows more with it.\n\n   netns list\n   netns list --all -o wide",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "also list namespaces without a name that have a process inside"},
		},
	}, run: func(e *env, o *cli.Context) error {
		return list(e, o.Bool("all"), e.format == "json" && o.String("output") == "")
	}}
}

// list prints namespaces; asIP means the JSON of ip -j netns list.
func list(e *env, all, asIP bool) error {
	if e.format == "name" && !all { // as cheaply as a directory can be read
		names, err := e.dir.Names()
		if err != nil {
			return advise(fmt.Errorf("list: %w", err), nil)
		}
		return e.print(lines(names, term.Printable))
	}
	wide := e.format == "wide" || e.format == "json" && !asIP
	rows, err := rowsOf(e, all, wide)
	switch {
	case err != nil:
		return advise(fmt.Errorf("list: %w", err), nil)
	case asIP:
		return e.printJSON(mapped(rows, func(r row) rowAsIP { return rowAsIP{cmp.Or(r.Name, r.Path), r.NSID} }))
	case e.format == "json":
		return e.printJSON(rows)
	case e.format == "table", e.format == "wide":
		return e.print(listTable(rows, wide))
	}
	return e.print(listLines(rows, e.format != "name"))
}

// listLines returns the lines of ip netns list, or the names only.
func listLines(rows []row, ids bool) string {
	return lines(rows, func(r row) string {
		if ids && r.NSID != nil {
			return fmt.Sprintf("%s (id: %d)", r.label(), *r.NSID)
		}
		return r.label()
	})
}

// A rowAsIP is an element of what ip -j netns list prints.
type rowAsIP struct {
	Name string `json:"name"`
	ID   *int   `json:"id,omitempty"`
}

func listTable(rows []row, wide bool) string {
	heading := []string{"NAME", "ID", "STATE"}
	if wide {
		heading = append(heading, "INODE", "PROCESSES", "LINKS", "ADDRESSES")
	}
	cells := [][]string{heading}
	for _, r := range rows {
		line := []string{r.label(), "-", string(r.State)}
		if r.NSID != nil {
			line[1] = fmt.Sprint(*r.NSID)
		}
		if wide {
			inode, processes := "-", "-"
			if r.Inode != 0 {
				inode = fmt.Sprint(r.Inode)
			}
			if r.Processes != nil {
				processes = fmt.Sprint(*r.Processes)
			}
			links, addresses := view.Summary(r.Links)
			line = append(line, inode, processes, cmp.Or(links, "-"), cmp.Or(addresses, "-"))
		}
		cells = append(cells, line)
	}
	return term.Table(cells, faults...)
}

// faults are the states of names that want attention.
var faults = mapped([]netns.State{
	netns.Kept, netns.Stale, netns.Unmounted, netns.Foreign, netns.Elsewhere, netns.Incompatible, netns.Directory, netns.File,
	netns.FIFO, netns.Socket, netns.Device, netns.OtherLink, netns.BrokenLink, netns.LoopingLink, netns.OtherNamespace,
}, func(s netns.State) string { return string(s) })
