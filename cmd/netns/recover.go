package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(recoverCommand) }

func recoverCommand() *cli.Command {
	return &cli.Command{
		Name:  "recover",
		Usage: "repair what dead transactions and other tools left",
		Description: "Never touches a namespace that is ready, nor anything outside the run directory. What it leaves alone, it\n" +
			"says: the exit code is 5 if that is a transaction that lives, 8 if it is anything else, or could not be looked at.\n\n" +
			"   netns recover --dry-run",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be done, and change nothing"},
			outputFlag("json"),
		},
		Action: recoverDir,
	}
}

func recoverDir(c *cli.Context) error {
	if c.Args().Present() {
		return usageError{"recover: takes no names; see netns recover --help"}
	}
	format, err := formatOf(c, "json")
	if err != nil {
		return err
	}
	findings, err := netns.Recover(untilSignal(c.Context), runDir(c), c.Bool("dry-run"))
	text := describe(findings, c.Bool("dry-run"))
	if format == "json" {
		var jsonErr error
		if text, jsonErr = findingsJSON(c, findings); jsonErr != nil {
			return jsonErr
		}
	} else if c.Bool("quiet") {
		text = ""
	}
	if outputErr := output(c, text, "standard output could not be written"); outputErr != nil {
		return outputErr
	}
	if err != nil {
		err = advise(fmt.Errorf("recover: %w", err), nil)
		var trust *netns.TrustError
		if exitCode(err) == codeFailed && !errors.As(err, &trust) { // which would say that nothing is left
			err = codedError{err, codeRemains}
		}
		return err
	}
	return verdict(findings)
}

// verdict is the error for what was not repaired, or would not be.
func verdict(findings []netns.Finding) error {
	code, left := 0, 0
	var first error
	for _, f := range findings {
		switch {
		case f.Err != nil:
			left, code = left+1, codeRemains
			if first == nil {
				first = f.Err
			}
		case f.Action != netns.Leave:
		case f.State == netns.InProgress:
			left, code = left+1, max(code, codeBusy)
		default:
			left, code = left+1, codeRemains
		}
	}
	switch {
	case first != nil:
		return codedError{fmt.Errorf("recover: %d of %d not repaired: %w", left, len(findings), first), code}
	case left > 0:
		return codedError{fmt.Errorf("recover: %d of %d left alone", left, len(findings)), code}
	}
	return nil
}

// actionWords say what is done about a finding, and what would be.
var actionWords = map[netns.Action][2]string{
	netns.Remove:  {"Removed", "Would remove"},
	netns.Finish:  {"Finished", "Would finish"},
	netns.Remount: {"Remounted", "Would remount"},
	netns.Leave:   {"Left", "Would leave"},
}

func describe(findings []netns.Finding, dry bool) string {
	var text strings.Builder
	for _, f := range findings {
		verb := actionWords[f.Action][0]
		if dry {
			verb = actionWords[f.Action][1]
		}
		if f.Err != nil {
			verb = "Could not " + string(f.Action)
		}
		fmt.Fprintf(&text, "%s %q: %s\n", verb, f.Path, f.Reason)
	}
	return text.String()
}

// A findingJSON is an element of what -o json prints.
type findingJSON struct {
	Version int          `json:"version"`
	Name    string       `json:"name,omitempty"` // none for the run directory itself
	Path    string       `json:"path"`
	State   netns.State  `json:"state,omitempty"`
	Action  netns.Action `json:"action"`
	Reason  string       `json:"reason"`
	Error   string       `json:"error,omitempty"`
}

func findingsJSON(c *cli.Context, findings []netns.Finding) (string, error) {
	list := make([]findingJSON, 0, len(findings))
	for _, f := range findings {
		row := findingJSON{Version: jsonVersion, Name: f.Name, Path: f.Path, State: f.State, Action: f.Action, Reason: f.Reason}
		if f.Err != nil {
			row.Error = f.Err.Error()
		}
		list = append(list, row)
	}
	return jsonText(c, list)
}
