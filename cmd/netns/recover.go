package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func recoverVerb() verb {
	return verb{finishes: true, formats: []string{"json"}, Command: &cli.Command{
		Name:  "recover",
		Usage: "repair the leftovers of dead transactions and other tools",
		Description: "Scans the run directory for leftovers, and reports each with its reason. Recover never changes a namespace\n" +
			"that is ready, nor anything outside the run directory. The exit code is 5 if it left only names of living\n" +
			"transactions, and 8 if it left anything else, or a repair failed. A name that has nothing to do with network\n" +
			"namespaces is ignored, and does not count. The manual has the codes of a recover that cannot look.\n\n   netns recover --dry-run",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Usage: "only report what would be done"},
		},
	}, run: func(e *env, o *cli.Context) error { return recoverDir(e, o.Bool("dry-run")) }}
}

func recoverDir(e *env, dry bool) error {
	findings, err := e.dir.Recover(e.ctx, netns.RecoverOptions{DryRun: dry})
	var printErr error
	if e.format == "json" {
		printErr = e.printJSON(mapped(findings, newFindingJSON))
	} else if !e.quiet {
		printErr = e.print(describe(findings, dry))
	}
	if printErr != nil {
		return printErr
	}
	if err != nil {
		err = advise(fmt.Errorf("recover: %w", err), nil)
		if exitCode(err) == codeFailed && !is[*netns.TrustError](err) { // codeFailed would say that nothing is left
			err = codedError{err, codeRemains}
		}
		return err
	}
	return verdict(findings)
}

// verdict returns an error for the findings that were not repaired.
func verdict(findings []netns.Finding) error {
	code, left := 0, 0
	var first error
	for _, f := range findings {
		switch {
		case f.Err == nil && f.Action != netns.Leave: // also if it is ignored
			continue
		case f.Err == nil && f.State == netns.InProgress:
			code = max(code, codeBusy)
		default:
			code = codeRemains
		}
		left, first = left+1, cmp.Or(first, f.Err)
	}
	switch {
	case first != nil:
		return codedError{fmt.Errorf("recover: %d of %d not repaired: %w", left, len(findings), first), code}
	case left > 0:
		return codedError{fmt.Errorf("recover: %d of %d left alone", left, len(findings)), code}
	}
	return nil
}

// done are the words for what was done about a finding.
var done = map[netns.Action]string{
	netns.Remove: "Removed", netns.Finish: "Finished", netns.Remount: "Remounted", netns.Leave: "Left",
	netns.Ignore: "Ignored",
}

func describe(findings []netns.Finding, dry bool) string {
	var text strings.Builder
	for _, f := range findings {
		verb := done[f.Action]
		switch {
		case f.Err != nil:
			verb = "Could not " + string(f.Action)
		case dry:
			verb = "Would " + string(f.Action)
		}
		fmt.Fprintf(&text, "%s %q: %s\n", verb, f.Path, f.Reason)
	}
	return text.String()
}

// A findingJSON is an element of what -o json prints.
type findingJSON struct {
	Version int          `json:"version"`
	Name    string       `json:"name,omitempty"` // missing for the run directory itself
	Path    string       `json:"path"`
	State   netns.State  `json:"state,omitempty"`
	Action  netns.Action `json:"action"`
	Reason  string       `json:"reason"`
	Error   string       `json:"error,omitempty"`
}

func newFindingJSON(f netns.Finding) findingJSON {
	row := findingJSON{Version: jsonVersion, Name: f.Name, Path: f.Path, State: f.State, Action: f.Action, Reason: f.Reason}
	if f.Err != nil {
		row.Error = f.Err.Error()
	}
	return row
}
