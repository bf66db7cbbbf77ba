package main

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(pidsCommand) }

func pidsCommand() *cli.Command {
	return &cli.Command{
		Name:      "pids",
		Usage:     "the processes in a namespace",
		ArgsUsage: "NAME",
		Description: "Each line is the number of a process whose main thread is inside, as ip netns pids prints them. With --all,\n" +
			"whatever else keeps the namespace as well: threads, descriptors, sockets, other mounts. Of other users' processes\n" +
			"only root sees that.\n\n   netns pids demo\n   netns pids --all demo",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "all that keeps the namespace"},
			outputFlag("json"),
		},
		Action: pids,
	}
}

func pids(c *cli.Context) error {
	format, err := formatOf(c, "json")
	if err != nil {
		return err
	}
	if c.NArg() != 1 {
		return usageError{"pids: takes one name; see netns pids --help"}
	}
	name, ctx := c.Args().First(), untilSignal(c.Context)
	ns, err := netns.Open(runDir(c), name)
	var found [][]netns.Holder
	if err == nil {
		defer ns.Close()
		look := netns.Processes
		if c.Bool("all") {
			look = netns.Holders
		}
		found, err = look(ctx, ns)
	}
	if err != nil {
		return advise(fmt.Errorf("pids %s: %w", printable(name), err), whatToEnter)
	}
	holders := withoutName(found[0], filepath.Join(realPath(runDir(c)), name))
	var text string
	switch {
	case format == "json":
		text, err = holdersJSON(c, holders)
	case c.Bool("all"):
		text = holdersTable(holders)
	default:
		for _, h := range holders {
			text += strconv.Itoa(h.PID) + "\n"
		}
	}
	if err != nil {
		return err
	}
	return output(c, text, "standard output could not be written")
}

// withoutName leaves out the name that was asked for: it is no surprise.
func withoutName(holders []netns.Holder, path string) []netns.Holder {
	others := []netns.Holder{}
	for _, h := range holders {
		if h.Kind != netns.HeldByMount || h.PID != 0 || h.Path != path {
			others = append(others, h)
		}
	}
	return others
}

func holdersTable(holders []netns.Holder) string {
	rows := [][]string{{"PID", "KIND", "DETAIL", "COMMAND"}}
	for _, h := range holders {
		pid, detail, command := strconv.Itoa(h.PID), "-", printable(h.Command)
		switch h.Kind {
		case netns.HeldByThread:
			detail = strconv.Itoa(h.TID)
		case netns.HeldByDescriptor, netns.HeldBySocket:
			detail = strconv.Itoa(h.FD)
		case netns.HeldByMount:
			detail = printable(h.Path)
			if h.PID == 0 {
				pid, command = "-", "-"
			}
		}
		rows = append(rows, []string{pid, string(h.Kind), detail, command})
	}
	return table(rows)
}

// A holderJSON is an element of what -o json prints.
type holderJSON struct {
	Version int              `json:"version"`
	Kind    netns.HolderKind `json:"kind"`
	PID     int              `json:"pid,omitempty"` // none for a mount in the caller's mount namespace
	TID     int              `json:"tid,omitempty"`
	FD      *int             `json:"fd,omitempty"`
	Path    string           `json:"path,omitempty"`
	Command string           `json:"command,omitempty"`
}

func newHolderJSON(h netns.Holder) holderJSON {
	row := holderJSON{jsonVersion, h.Kind, h.PID, h.TID, nil, h.Path, h.Command}
	if h.Kind == netns.HeldByDescriptor || h.Kind == netns.HeldBySocket {
		row.FD = &h.FD
	}
	return row
}

func holdersJSON(c *cli.Context, holders []netns.Holder) (string, error) {
	list := make([]holderJSON, 0, len(holders))
	for _, h := range holders {
		list = append(list, newHolderJSON(h))
	}
	return jsonText(c, list)
}
