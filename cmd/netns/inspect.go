package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/cmd/netns/internal/view"
	"github.com/netns-go/netns/holders"
	"github.com/urfave/cli/v2"
)

func inspectVerb() verb {
	return verb{finishes: true, formats: []string{"json"}, Command: &cli.Command{
		Name:      "inspect",
		Usage:     "show namespaces in detail",
		ArgsUsage: "NAME...",
		Description: "Shows links with their addresses, routes, processes, ids, and whether lo answers. For a name without a\n" +
			"namespace, it shows the state. Links, routes and health need CAP_SYS_ADMIN; health also needs CAP_NET_RAW. Other\n" +
			"users' processes need CAP_SYS_PTRACE.\n\n   netns inspect demo\n   netns inspect demo -o json",
	}, run: func(e *env, _ *cli.Context) error { return inspect(e) }}
}

func inspect(e *env) (err error) {
	if len(e.args) == 0 {
		return usagef("inspect: no name given; see netns inspect --help")
	}
	details := []detailJSON{}
	first := eachName(e, func(name string) error {
		d, err := newDetail(e, name)
		if err == nil {
			details = append(details, d)
		}
		return err
	})
	if e.format == "json" {
		err = e.printJSON(details)
	} else {
		err = e.print(strings.Join(mapped(details, detailJSON.String), "\n"))
	}
	return cmp.Or(err, first)
}

// A detailJSON is what inspect shows of a namespace, and an element of what -o json prints.
type detailJSON struct {
	summaryJSON
	Healthy   *bool        `json:"healthy,omitempty"` // none if it could not be checked
	Problem   string       `json:"problem,omitempty"`
	Links     []view.Link  `json:"links,omitempty"`
	Routes    []view.Route `json:"routes,omitempty"`
	Processes []holderJSON `json:"processes,omitzero"` // missing if none is seen, and others may be hidden
	unseen    error        // the reason why processes may be hidden
}

func newDetail(e *env, name string) (d detailJSON, err error) {
	entry, err := e.dir.Lookup(name)
	if err != nil {
		return d, err
	}
	d.summaryJSON = newSummary(e.pathOf(name), entry)
	if entry.State != netns.Ready && entry.State != netns.Kept {
		d.Problem = (&netns.StateError{Path: d.Path, Entry: entry}).Error()
		return d, nil
	}
	ns, err := e.dir.Open(name)
	if err != nil {
		return d, err
	}
	defer ns.Close()
	if id, assigned, err := ns.NSID(); err == nil && assigned {
		d.NSID = &id
	}
	users, err := holders.Processes(e.ctx, ns)
	if err != nil {
		return d, err
	}
	if d.unseen = holders.CheckComplete(e.ctx); d.unseen == nil || len(users[0]) > 0 {
		d.Processes = mapped(users[0], newHolderJSON)
	}
	err = d.lookInside(ns, entry)
	return d, err
}

// lookInside adds the details that need privilege. Without it, the output says so.
func (d *detailJSON) lookInside(ns *netns.Namespace, entry netns.Entry) error {
	err := health(ns, entry)
	sick, isSick := errors.AsType[unhealthyError](err)
	healthy := err == nil
	switch {
	case isSick:
		d.Problem = sick.error.Error()
	case err != nil:
		d.Problem = err.Error()
	}
	if healthy || isSick {
		d.Healthy = &healthy
	}
	if d.Links, err = view.Links(ns); err == nil {
		d.Routes, err = view.Routes(ns)
	}
	if d.Healthy == nil && isLacking(err) { // d.Problem says so
		return nil
	}
	return err
}

// String describes a namespace, a line for each detail.
func (d detailJSON) String() string {
	var text strings.Builder
	line := func(key string, value any) { fmt.Fprintf(&text, "  %-9s %v\n", key, value) }
	text.WriteString(term.Printable(d.Name) + "\n")
	line("path", term.Printable(d.Path))
	line("state", d.State)
	if d.Stage != "" {
		line("stage", d.Stage)
	}
	if d.Inode != 0 {
		line("inode", d.Inode)
	}
	if d.NSID != nil {
		line("nsid", *d.NSID)
	}
	switch {
	case d.Inode == 0:
		line("problem", term.Escaped(d.Problem))
	case d.Healthy == nil:
		line("healthy", "unknown: "+term.Escaped(d.Problem))
	case *d.Healthy:
		line("healthy", "yes")
	default:
		line("healthy", "no: "+term.Escaped(d.Problem))
	}
	for _, l := range d.Links {
		line("link", l)
	}
	for _, r := range d.Routes {
		line("route", r)
	}
	for _, p := range d.Processes {
		line("process", fmt.Sprintf("%d %s", p.PID, term.Printable(p.Command)))
	}
	if d.unseen != nil {
		line("process", "unknown: "+term.Escaped(d.unseen.Error()))
	}
	return text.String()
}
