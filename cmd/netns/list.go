package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(listCommand) }

func listCommand() *cli.Command {
	return &cli.Command{
		Name:    "list",
		Aliases: []string{"ls", "show", "lst"},
		Usage:   "what there is",
		Description: "Each line is a name and, if the caller's namespace has one for it, its id, as ip netns prints them; -o wide shows\n" +
			"more. Needs no privilege; with it, more is seen.\n\n   netns list\n   netns list -o wide",
		Flags:  []cli.Flag{outputFlag(listFormats...)},
		Action: list,
	}
}

var listFormats = []string{"name", "table", "wide", "json"}

func list(c *cli.Context) error {
	if c.Args().Present() {
		return usageError{"list: takes no names; see netns list --help"}
	}
	format, err := formatOf(c, listFormats...)
	if err != nil {
		return err
	}
	text, err := listText(c, runDir(c), format)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return output(c, text, "standard output could not be written")
}

func listText(c *cli.Context, dir, format string) (string, error) {
	if format == "name" {
		return listNames(dir)
	}
	entries, err := netns.List(dir)
	if err != nil {
		return "", err
	}
	rows := make([]row, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, newRow(dir, e, format == "wide" || c.String("output") == "json"))
	}
	switch {
	case format == "table" || format == "wide":
		return listTable(rows, format == "wide"), nil
	case c.String("output") == "json":
		return jsonText(c, rows)
	case format == "json":
		return listAsIP(c, rows)
	}
	return listWithIDs(rows), nil
}

func listNames(dir string) (string, error) {
	names, err := netns.Names(dir)
	var text strings.Builder
	for _, name := range names {
		text.WriteString(printable(name) + "\n")
	}
	return text.String(), err
}

// A row is what is shown of an entry, and an element of what -o json prints.
type row struct {
	Version int         `json:"version"`
	Name    string      `json:"name"`
	Path    string      `json:"path"`
	State   netns.State `json:"state"`
	Stage   string      `json:"stage,omitempty"` // that failed, if the state is kept
	Inode   uint64      `json:"inode,omitempty"`
	NSID    *int        `json:"nsid,omitempty"`
	Links   []link      `json:"links,omitempty"` // none without the privilege to look inside
}

func newRow(dir string, e netns.Entry, wide bool) row {
	r := row{
		Version: jsonVersion, Name: e.Name, Path: filepath.Join(dir, e.Name), State: e.State, Stage: e.Stage, Inode: e.Inode,
	}
	if e.State != netns.Ready && e.State != netns.Kept {
		return r
	}
	ns, err := netns.Open(dir, e.Name)
	if err != nil { // it has gone since
		return r
	}
	defer ns.Close()
	if id, err := ns.NSID(); err == nil {
		r.NSID = assigned(id)
	}
	if wide {
		r.Links, _ = linksOf(ns) // what cannot be looked at is not shown
	}
	return r
}

func listWithIDs(rows []row) string {
	var text strings.Builder
	for _, r := range rows {
		text.WriteString(printable(r.Name))
		if r.NSID != nil {
			fmt.Fprintf(&text, " (id: %d)", *r.NSID)
		}
		text.WriteString("\n")
	}
	return text.String()
}

// listAsIP is what ip -j netns list prints.
func listAsIP(c *cli.Context, rows []row) (string, error) {
	type asIP struct {
		Name string `json:"name"`
		ID   *int   `json:"id,omitempty"`
	}
	list := make([]asIP, 0, len(rows))
	for _, r := range rows {
		list = append(list, asIP{r.Name, r.NSID})
	}
	return jsonText(c, list)
}

func listTable(rows []row, wide bool) string {
	heading := []string{"NAME", "ID", "STATE"}
	if wide {
		heading = append(heading, "INODE", "LINKS", "ADDRESSES")
	}
	cells := [][]string{heading}
	for _, r := range rows {
		line := []string{printable(r.Name), "-", string(r.State)}
		if r.NSID != nil {
			line[1] = fmt.Sprint(*r.NSID)
		}
		if wide {
			inode := "-"
			if r.Inode != 0 {
				inode = fmt.Sprint(r.Inode)
			}
			links, addresses := summary(r.Links)
			line = append(line, inode, cmp.Or(links, "-"), cmp.Or(addresses, "-"))
		}
		cells = append(cells, line)
	}
	return table(cells, string(netns.Kept), string(netns.Stale), string(netns.Unmounted), string(netns.Foreign),
		string(netns.Elsewhere), string(netns.Incompatible))
}
