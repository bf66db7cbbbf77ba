package main

import (
	"encoding/json"
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
		Description: "Each line is a name and, if the caller's namespace has one for it, its id, as ip netns prints them.\n" +
			"Needs no privilege.\n\n   netns list\n   netns list -o json",
		Flags: []cli.Flag{
			outputFlag("name", "json"),
		},
		Action: list,
	}
}

func list(c *cli.Context) error {
	if c.Args().Present() {
		return usageError{"list: takes no names; see netns list --help"}
	}
	format := map[string]func(dir string) (string, error){"": listWithIDs, "name": listNames, "json": listJSON}[c.String("output")]
	if format == nil {
		return usageError{fmt.Sprintf("list: unknown format %q; there are name and json", c.String("output"))}
	}
	text, err := format(runDir(c))
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return output(c, text, "standard output could not be written")
}

func listNames(dir string) (string, error) {
	names, err := netns.Names(dir)
	var text strings.Builder
	for _, name := range names {
		text.WriteString(printable(name) + "\n")
	}
	return text.String(), err
}

func listWithIDs(dir string) (string, error) {
	entries, err := netns.List(dir)
	var text strings.Builder
	for _, e := range entries {
		text.WriteString(printable(e.Name))
		if id := nsid(dir, e); id >= 0 {
			fmt.Fprintf(&text, " (id: %d)", id)
		}
		text.WriteString("\n")
	}
	return text.String(), err
}

// nsid returns the caller's id for an entry's namespace, or -1 if it has none or is none.
func nsid(dir string, e netns.Entry) int {
	if e.State != netns.Ready && e.State != netns.Kept {
		return -1
	}
	ns, err := netns.Open(dir, e.Name)
	if err != nil {
		return -1
	}
	defer ns.Close()
	id, err := ns.NSID()
	if err != nil {
		return -1
	}
	return id
}

// An entryJSON is an element of what -o json prints.
type entryJSON struct {
	Name  string      `json:"name"`
	Path  string      `json:"path"`
	State netns.State `json:"state"`
	Stage string      `json:"stage,omitempty"` // that failed, if the state is kept
	Inode uint64      `json:"inode,omitempty"`
	NSID  *int        `json:"nsid,omitempty"`
}

func listJSON(dir string) (string, error) {
	entries, err := netns.List(dir)
	if err != nil {
		return "", err
	}
	list := make([]entryJSON, 0, len(entries))
	for _, e := range entries {
		row := entryJSON{Name: e.Name, Path: filepath.Join(dir, e.Name), State: e.State, Stage: e.Stage, Inode: e.Inode}
		if id := nsid(dir, e); id >= 0 {
			row.NSID = &id
		}
		list = append(list, row)
	}
	text, err := json.Marshal(list)
	return string(text) + "\n", err
}
