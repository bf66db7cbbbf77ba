package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() {
	register(setCommand)
	register(listIDCommand)
}

func setCommand() *cli.Command {
	return &cli.Command{
		Name:      "set",
		Usage:     "give a namespace an id",
		ArgsUsage: "NAME ID|auto",
		Description: "The id is how programs in the caller's namespace know the other one, and stays until one of the two ends. It is\n" +
			"a number, decimal, 0x and hexadecimal, or 0 and octal, or auto for any that is free.\n\n   netns set demo 7",
		Action: set,
	}
}

func set(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return usageError{"set: wants a name and an id; see netns set --help"}
	}
	name, id := c.Args().First(), netns.NoNSID
	if text := c.Args().Get(1); text != "auto" {
		var err error
		if id, err = parseNSID(text); err != nil {
			return fmt.Errorf("set: %w", err)
		}
	}
	ns, err := netns.Open(runDir(c), name)
	if err == nil {
		defer ns.Close()
		err = ns.SetNSID(id)
	}
	if err != nil {
		return advise(fmt.Errorf("set %s: %w", printable(name), err), whatToEnter)
	}
	return nil
}

// parseNSID returns an id, which ip takes in any of C's notations.
func parseNSID(text string) (int, error) {
	id, err := strconv.ParseInt(text, 0, 32)
	if err != nil || id < 0 {
		return 0, usageError{fmt.Sprintf("%q is not an nsid: a number from 0 to 2147483647", text)}
	}
	return int(id), nil
}

func listIDCommand() *cli.Command {
	return &cli.Command{
		Name:      "list-id",
		Usage:     "which ids there are",
		ArgsUsage: "[target-nsid ID] [nsid ID]",
		Description: "With target-nsid, those that the namespace with this id has for others, with the caller's own beside; with nsid, the\n" +
			"one only that the caller's own has this id for. Needs no privilege.\n\n   netns list-id\n   netns list-id target-nsid 7",
		Flags:  []cli.Flag{outputFlag("json")},
		Action: listID,
	}
}

func listID(c *cli.Context) error {
	format, err := formatOf(c, "json")
	if err != nil {
		return err
	}
	target, nsid, err := parseListID(c.Args().Slice())
	if err != nil {
		return err
	}
	ids, err := peerIDs(target, nsid)
	if err != nil {
		return fmt.Errorf("list-id: %w", err)
	}
	names, err := namesByID(runDir(c))
	if err != nil {
		return fmt.Errorf("list-id: %w", err)
	}
	var text string
	switch {
	case c.String("output") == "json":
		text, err = jsonText(c, peersJSON(ids, names))
	case format == "json":
		text, err = jsonText(c, peersAsIP(ids, names, target))
	default:
		text = peersText(ids, names, target)
	}
	if err != nil {
		return err
	}
	return output(c, text, "standard output could not be written")
}

func parseListID(args []string) (target, nsid int, err error) {
	target, nsid = netns.NoNSID, netns.NoNSID
	for ; len(args) > 0; args = args[2:] {
		to, ok := map[string]*int{"target-nsid": &target, "nsid": &nsid}[args[0]]
		switch {
		case !ok:
			return 0, 0, usageError{fmt.Sprintf("list-id: unknown word %q; there are target-nsid and nsid", args[0])}
		case len(args) == 1:
			return 0, 0, usageError{"list-id: " + args[0] + " needs an id"}
		}
		if *to, err = parseNSID(args[1]); err != nil {
			return 0, 0, fmt.Errorf("list-id: %w", err)
		}
	}
	return target, nsid, nil
}

// peerIDs returns the ids that the target has for others, or for the one only that the caller's namespace has the id nsid
// for, even if that is none.
func peerIDs(target, nsid int) ([]netns.PeerID, error) {
	ids, err := netns.PeerIDs(target)
	if err != nil || nsid == netns.NoNSID {
		return ids, err
	}
	known := func(ids []netns.PeerID) int {
		return slices.IndexFunc(ids, func(id netns.PeerID) bool { return id.Current == nsid })
	}
	if i := known(ids); i >= 0 {
		return ids[i : i+1], nil
	}
	if own, err := netns.PeerIDs(netns.NoNSID); err != nil || known(own) < 0 {
		return nil, cmp.Or(err, error(&netns.NotExistError{Path: fmt.Sprintf("nsid %d", nsid)}))
	}
	return []netns.PeerID{{ID: netns.NoNSID, Current: nsid}}, nil
}

// namesByID returns the names of the namespaces for which the caller's has an id.
func namesByID(dir string) (map[int][]string, error) {
	open, err := netns.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	defer open.Close()
	names := map[int][]string{}
	for e, err := range open.List() {
		if err != nil {
			return nil, err
		}
		if e.State != netns.Ready && e.State != netns.Kept {
			continue
		}
		ns, err := open.Open(e.Name)
		if err != nil { // it has gone since
			continue
		}
		if id, err := ns.NSID(); err == nil && id != netns.NoNSID {
			names[id] = append(names[id], e.Name)
		}
		ns.Close()
	}
	return names, nil
}

func peersText(ids []netns.PeerID, names map[int][]string, target int) string {
	var text strings.Builder
	for _, id := range ids {
		if id.ID == netns.NoNSID {
			text.WriteString("nsid unassigned")
		} else {
			fmt.Fprintf(&text, "nsid %d", id.ID)
		}
		if target != netns.NoNSID && id.Current != netns.NoNSID {
			fmt.Fprintf(&text, " current-nsid %d", id.Current)
		}
		for _, name := range names[id.Current] {
			fmt.Fprintf(&text, " (iproute2 netns name: %s)", printable(name))
		}
		text.WriteString("\n")
	}
	return text.String()
}

// assigned returns an id, or nil for none.
func assigned(id int) *int {
	if id == netns.NoNSID {
		return nil
	}
	return &id
}

// A peerAsIP is an element of what ip -j netns list-id prints.
type peerAsIP struct {
	NSID    *int   `json:"nsid,omitempty"`
	Current *int   `json:"current-nsid,omitempty"`
	Name    string `json:"name,omitempty"`
}

func peersAsIP(ids []netns.PeerID, names map[int][]string, target int) []peerAsIP {
	list := make([]peerAsIP, 0, len(ids))
	for _, id := range ids {
		row := peerAsIP{NSID: assigned(id.ID)}
		if target != netns.NoNSID {
			row.Current = assigned(id.Current)
		}
		if n := names[id.Current]; len(n) > 0 {
			row.Name = n[0]
		}
		list = append(list, row)
	}
	return list
}

// A peerJSON is an element of what -o json prints.
type peerJSON struct {
	Version int      `json:"version"`
	NSID    *int     `json:"nsid,omitempty"`
	Current *int     `json:"current_nsid,omitempty"` // none if the caller's namespace has none for it
	Names   []string `json:"names"`
}

func peersJSON(ids []netns.PeerID, names map[int][]string) []peerJSON {
	list := make([]peerJSON, 0, len(ids))
	for _, id := range ids {
		list = append(list, peerJSON{
			Version: jsonVersion, NSID: assigned(id.ID), Current: assigned(id.Current), Names: append([]string{}, names[id.Current]...),
		})
	}
	return list
}
