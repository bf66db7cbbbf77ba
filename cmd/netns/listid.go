package main

import (
	"fmt"
	"slices"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

func listIDVerb() verb {
	return verb{formats: []string{"json"}, Command: &cli.Command{
		Name:      "list-id",
		Usage:     "list the ids of namespaces",
		ArgsUsage: "[target-nsid ID] [nsid ID]",
		Description: "Prints the ids that the caller's namespace has for others. With target-nsid ID, prints those that namespace ID\n" +
			"has, beside the caller's own. With nsid ID, prints only namespace ID. ID is always an id of the caller's\n" +
			"namespace. list-id needs no privilege.\n\n   netns list-id\n   netns list-id target-nsid 7",
	}, run: func(e *env, o *cli.Context) error { return listID(e, o.String("output") == "") }}
}

// listID prints ids; asIP means that the JSON is that of ip.
func listID(e *env, asIP bool) error {
	target, nsid, err := parseListID(e.args)
	if err != nil {
		return err
	}
	peers, err := peersOf(target, nsid)
	if err == nil {
		err = addNames(e, peers)
	}
	switch {
	case err != nil:
		return fmt.Errorf("list-id: %w", err)
	case e.format != "json":
		return e.print(lines(peers, func(p peer) string { return p.line(target != nil) }))
	case asIP:
		return e.printJSON(mapped(peers, func(p peer) peerAsIP { return p.asIP(target != nil) }))
	}
	return e.printJSON(peers)
}

func parseListID(args []string) (target, nsid *int, err error) {
	for ; len(args) > 0; args = args[2:] {
		to, ok := map[string]**int{"target-nsid": &target, "nsid": &nsid}[args[0]]
		switch {
		case !ok:
			return nil, nil, usagef("list-id: unknown word %q; there are target-nsid and nsid", args[0])
		case len(args) == 1:
			return nil, nil, usagef("list-id: %s needs an id", args[0])
		}
		id, err := parseNSID(args[1])
		if err != nil {
			return nil, nil, fmt.Errorf("list-id: %w", err)
		}
		*to = &id
	}
	return target, nsid, nil
}

// A peer is a namespace that has an id, and an element of what -o json prints.
type peer struct {
	Version int      `json:"version"`
	NSID    *int     `json:"nsid,omitempty"`         // of the target; missing if that has no id for the namespace
	Current *int     `json:"current_nsid,omitempty"` // of the caller's namespace
	Names   []string `json:"names"`
}

// peersOf returns the namespaces for which the target has ids; without a target, those of the caller's namespace. With an nsid, it
// returns only the namespace for which the caller's has this id.
func peersOf(target, nsid *int) ([]peer, error) {
	ids, err := netns.PeerIDs()
	if err != nil {
		return nil, err
	}
	own := mapped(ids, func(id int) peer { return peer{jsonVersion, &id, &id, []string{}} })
	peers := own
	if target != nil {
		ids, err := netns.PeerIDsOf(*target)
		if err != nil {
			return nil, err
		}
		peers = mapped(ids, func(id netns.PeerID) peer {
			p := peer{jsonVersion, &id.ID, nil, []string{}}
			if id.Known {
				p.Current = &id.Own
			}
			return p
		})
	}
	if nsid == nil {
		return peers, nil
	}
	isIt := func(p peer) bool { return p.Current != nil && *p.Current == *nsid }
	if i := slices.IndexFunc(peers, isIt); i >= 0 {
		return peers[i : i+1], nil
	}
	if !slices.ContainsFunc(own, isIt) {
		return nil, &netns.NotExistError{Path: fmt.Sprintf("nsid %d", *nsid)}
	}
	return []peer{{jsonVersion, nil, nsid, []string{}}}, nil
}

// addNames adds the names of the namespaces for which the caller's namespace has an id.
func addNames(e *env, peers []peer) error {
	rows, err := rowsOf(e, false, false)
	if err != nil {
		return err
	}
	names := map[int][]string{}
	for _, r := range rows {
		if r.NSID != nil {
			names[*r.NSID] = append(names[*r.NSID], r.Name)
		}
	}
	for i, p := range peers {
		if p.Current != nil {
			peers[i].Names = append(peers[i].Names, names[*p.Current]...)
		}
	}
	return nil
}

// line describes a peer in ip's words, for a target with the caller's own id.
func (p peer) line(ofTarget bool) string {
	text := "nsid unassigned"
	if p.NSID != nil {
		text = fmt.Sprintf("nsid %d", *p.NSID)
	}
	if ofTarget && p.Current != nil {
		text += fmt.Sprintf(" current-nsid %d", *p.Current)
	}
	for _, name := range p.Names {
		text += fmt.Sprintf(" (iproute2 netns name: %s)", term.Printable(name))
	}
	return text
}

// A peerAsIP is an element of what ip -j netns list-id prints.
type peerAsIP struct {
	NSID    *int   `json:"nsid,omitempty"`
	Current *int   `json:"current-nsid,omitempty"`
	Name    string `json:"name,omitempty"`
}

func (p peer) asIP(ofTarget bool) peerAsIP {
	row := peerAsIP{NSID: p.NSID}
	if ofTarget {
		row.Current = p.Current
	}
	if len(p.Names) > 0 {
		row.Name = p.Names[0]
	}
	return row
}
