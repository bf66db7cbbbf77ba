package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

func verifyVerb() verb {
	return verb{formats: []string{"json"}, Command: &cli.Command{
		Name:      "verify",
		Usage:     "check that namespaces are complete and lo answers",
		ArgsUsage: "NAME...",
		Description: "Repeats the check of create: lo is up and answers an ICMP echo. A namespace kept after a failed create also\n" +
			"counts as unhealthy. If a namespace is unhealthy, the exit code is 7.\n\n   netns verify demo",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "check every namespace in the run directory; takes no NAME"},
		},
	}, run: func(e *env, o *cli.Context) error { return verify(e, o.Bool("all")) }}
}

// health returns an unhealthyError for a namespace that is not complete or whose lo does not answer.
func health(ns *netns.Namespace, entry netns.Entry) error {
	if entry.State == netns.Kept {
		return unhealthyError{&netns.StateError{Path: ns.Path(), Entry: entry}}
	}
	err := ns.Verify()
	if err == nil || isLacking(err) {
		return err
	}
	return unhealthyError{err}
}

// isLacking reports whether an error means that a privilege is missing.
func isLacking(err error) bool {
	return is[*netns.PrivilegeError](err) || is[*netns.RefusedError](err)
}

// A verdictJSON is an element of what -o json prints.
type verdictJSON struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	Path    string `json:"path"`
	Healthy bool   `json:"healthy"`
	Problem string `json:"problem,omitempty"`
}

func verify(e *env, all bool) (err error) {
	switch {
	case all && len(e.args) > 0:
		return usagef("verify: --all takes no names")
	case all:
		if e.args, err = enterable(e); err != nil {
			return advise(fmt.Errorf("verify: %w", err), nil)
		}
	case len(e.args) == 0:
		return usagef("verify: no name given; see netns verify --help")
	}
	verdicts := []verdictJSON{}
	var healthy strings.Builder
	first := eachName(e, func(name string) error {
		err := verifyName(e.dir, name)
		verdict := verdictJSON{Version: jsonVersion, Name: name, Path: e.pathOf(name), Healthy: err == nil}
		if err != nil {
			verdict.Problem = err.Error()
		} else {
			fmt.Fprintf(&healthy, "%s is healthy\n", term.Printable(name))
		}
		verdicts = append(verdicts, verdict)
		return err
	})
	if e.format == "json" {
		err = e.printJSON(verdicts)
	} else if !e.quiet {
		err = e.print(healthy.String())
	}
	return cmp.Or(err, first)
}

func verifyName(dir *netns.Dir, name string) error {
	entry, err := dir.Lookup(name)
	if err != nil {
		return err
	}
	ns, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer ns.Close()
	return health(ns, entry)
}
