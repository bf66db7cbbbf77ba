package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(verifyCommand) }

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "is it complete, and does lo answer",
		ArgsUsage: "NAME...",
		Description: "Checks what create checks: lo is up and answers an ICMP echo; and that nothing was kept of a create that failed.\n" +
			"The exit code is 7 if one is not healthy.\n\n   netns verify demo",
		Flags:  []cli.Flag{outputFlag("json")},
		Action: verify,
	}
}

// An unhealthyError says what is wrong with a namespace.
type unhealthyError struct{ error }

func (e unhealthyError) Error() string { return "not healthy: " + e.error.Error() }
func (e unhealthyError) Unwrap() error { return e.error }

// health returns an unhealthyError for a namespace that is not complete or whose lo does not answer.
func health(ns *netns.Namespace, entry netns.Entry) error {
	if entry.State == netns.Kept {
		return unhealthyError{&netns.StateError{Path: ns.Path(), Entry: entry}}
	}
	if err := ns.Verify(); err != nil && isLacking(err) {
		return err
	} else if err != nil {
		return unhealthyError{err}
	}
	return nil
}

// A verdictJSON is an element of what -o json prints.
type verdictJSON struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	Path    string `json:"path"`
	Healthy bool   `json:"healthy"`
	Problem string `json:"problem,omitempty"`
}

func verify(c *cli.Context) error {
	format, err := formatOf(c, "json")
	if err != nil {
		return err
	}
	if !c.Args().Present() {
		return usageError{"verify: no name given; see netns verify --help"}
	}
	verdicts := []verdictJSON{}
	var lines strings.Builder
	first := eachName(c, func(name string) error {
		err := verifyName(runDir(c), name)
		row := verdictJSON{Version: jsonVersion, Name: name, Path: filepath.Join(runDir(c), name), Healthy: err == nil}
		if err != nil {
			row.Problem = err.Error()
		} else {
			fmt.Fprintf(&lines, "%s is healthy\n", printable(name))
		}
		verdicts = append(verdicts, row)
		return err
	})
	text := lines.String()
	if format == "json" {
		if text, err = jsonText(c, verdicts); err != nil {
			return err
		}
	} else if c.Bool("quiet") {
		text = ""
	}
	if err := output(c, text, "standard output could not be written"); err != nil {
		return err
	}
	return first
}

func verifyName(dir, name string) error {
	entry, err := netns.Lookup(dir, name)
	if err != nil {
		return err
	}
	ns, err := netns.Open(dir, name)
	if err != nil {
		return err
	}
	defer ns.Close()
	return health(ns, entry)
}
