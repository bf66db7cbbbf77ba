package main

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
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
			"more. What has no name, as a container's, is shown with --all by a path that leads to it. Needs no privilege; with it,\n" +
			"more is seen.\n\n   netns list\n   netns list --all -o wide",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "also those without a name in which a process is"},
			outputFlag(listFormats...),
		},
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
	if format == "json" && c.String("output") == "" {
		format = "ip"
	}
	text, err := listText(c, format)
	if err != nil {
		return advise(fmt.Errorf("list: %w", err), nil)
	}
	return output(c, text, "standard output could not be written")
}

func listText(c *cli.Context, format string) (string, error) {
	if format == "name" && !c.Bool("all") {
		return listNames(runDir(c)) // as cheaply as a directory can be read
	}
	rows, err := rowsOf(c, format == "wide" || format == "json")
	if err != nil {
		return "", err
	}
	switch format {
	case "table", "wide":
		return listTable(rows, format == "wide"), nil
	case "json":
		return jsonText(c, rows)
	case "ip":
		return listAsIP(c, rows)
	}
	return listWithIDs(rows, format != "name"), nil
}

func listNames(dir string) (string, error) {
	names, err := netns.Names(dir)
	var text strings.Builder
	for _, name := range names {
		text.WriteString(printable(name) + "\n")
	}
	return text.String(), err
}

// rowsOf returns a row for each name and, if that was asked for, for each namespace without; with what is inside if wide.
func rowsOf(c *cli.Context, wide bool) ([]row, error) {
	all := c.Bool("all")
	dir, err := netns.OpenDir(runDir(c))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Names()
	if err != nil {
		return nil, err
	}
	users := map[uint64][]int{}
	if wide || all {
		if users, err = netns.InUse(c.Context); err != nil {
			return nil, err
		}
	}
	rows := make([]row, len(names))
	for i, name := range names {
		rows[i].Name, rows[i].Path = name, filepath.Join(runDir(c), name)
	}
	if err := lookInto(rows, dir, wide); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.State == "" }) // gone meanwhile
	for i := range rows {
		rows[i].Processes = len(users[rows[i].Inode])
	}
	if !all {
		return rows, nil
	}
	for _, r := range rows {
		delete(users, r.Inode)
	}
	others := unnamedRows(users)
	if err := lookInto(others, dir, wide); err != nil {
		return nil, err
	}
	return append(rows, others...), nil
}

// unnamed is the state of a namespace without a name.
const unnamed netns.State = "unnamed"

func unnamedRows(users map[uint64][]int) []row {
	var rows []row
	for _, inode := range slices.Sorted(maps.Keys(users)) {
		path := fmt.Sprintf("/proc/%d/ns/net", users[inode][0])
		summary := summaryJSON{Version: jsonVersion, Path: path, State: unnamed, Inode: inode}
		rows = append(rows, row{summaryJSON: summary, Processes: len(users[inode])})
	}
	return rows
}

// A summaryJSON is what list and inspect both show of an entry.
type summaryJSON struct {
	Version int         `json:"version"`
	Name    string      `json:"name"`
	Path    string      `json:"path"`
	State   netns.State `json:"state"`
	Stage   string      `json:"stage,omitempty"` // that failed, if the state is kept
	Inode   uint64      `json:"inode,omitempty"`
	NSID    *int        `json:"nsid,omitempty"`
}

func newSummary(path string, e netns.Entry) summaryJSON {
	return summaryJSON{Version: jsonVersion, Name: e.Name, Path: path, State: e.State, Stage: e.Stage, Inode: e.Inode}
}

// A row is what is shown of an entry, and an element of what -o json prints.
type row struct {
	summaryJSON
	Processes int    `json:"processes"`
	Links     []link `json:"links,omitempty"` // none without the privilege to look inside
}

// label is what a namespace is called: its name, or the path that leads to it.
func (r *row) label() string { return printable(cmp.Or(r.Name, r.Path)) }

func listWithIDs(rows []row, ids bool) string {
	var text strings.Builder
	for _, r := range rows {
		text.WriteString(r.label())
		if ids && r.NSID != nil {
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
		list = append(list, asIP{cmp.Or(r.Name, r.Path), r.NSID})
	}
	return jsonText(c, list)
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
			inode := "-"
			if r.Inode != 0 {
				inode = fmt.Sprint(r.Inode)
			}
			links, addresses := summary(r.Links)
			line = append(line, inode, fmt.Sprint(r.Processes), cmp.Or(links, "-"), cmp.Or(addresses, "-"))
		}
		cells = append(cells, line)
	}
	return table(cells, string(netns.Kept), string(netns.Stale), string(netns.Unmounted), string(netns.Foreign),
		string(netns.Elsewhere), string(netns.Incompatible))
}
