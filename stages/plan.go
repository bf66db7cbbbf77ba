package stages

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/netns-go/netns/persist"
)

// A Plan is a transaction: namespaces that are made together, all or none, each by the same steps.
type Plan struct {
	Names []string
	Steps []Step // between unshare, which comes first, and publish, which comes last

	// Source, if not nil, is an open network namespace that gets the names, in place of new namespaces. Nothing is done
	// inside it, so the plan must have no Steps. The caller closes it.
	Source *os.File

	// Replace deletes what has the names when the transaction begins, if it still has them when the new namespaces are
	// built and about to be published. It excludes Keep.
	Replace bool

	// Force lets Replace delete also what [persist.Store.Delete] deletes only with force.
	Force bool

	// Keep publishes namespaces although a step failed: those that were complete, and the one on which the step failed as
	// it was. Run then returns a *KeptError.
	Keep bool

	// Progress, if not nil, is called after each step that succeeded, on the goroutine that called Run.
	Progress func(Event)
}

// An Event reports a stage that succeeded.
type Event struct {
	Namespace, Stage string
	Took             time.Duration
}

// steps returns all steps of the plan in order; the last is publish.
func (p *Plan) steps() []Step {
	first := Unshare()
	if p.Source != nil {
		first = Step{Stage: attachStage}
	}
	all := append([]Step{first}, p.Steps...)
	return append(all, Step{Stage: publishStage})
}

// Check returns the error of a plan that cannot be run, at all or in this process: a *[persist.NameError], an
// *[ArgumentError] or another one. It changes nothing.
func (p *Plan) Check() error {
	if err := mayStart(); err != nil {
		return err
	}
	if p.Source != nil && len(p.Steps) > 0 {
		return errors.New("addresses, sysctls and other steps are for new namespaces, and this one is attached")
	}
	if p.Replace && p.Keep {
		return errors.New("what is to replace another namespace is not kept when it fails")
	}
	for _, step := range p.Steps {
		if late[step.Stage] {
			return fmt.Errorf("stage %q was registered too late, by main or in a plugin, and would be unknown in the "+
				"child; register it in an init function of a package that the program imports", step.Stage)
		}
	}
	seen := make(map[string]bool, len(p.Names))
	for _, name := range p.Names {
		if err := persist.CheckName(name); err != nil {
			return err
		}
		if seen[name] {
			return &persist.NameError{Name: name, Reason: "it is given twice"}
		}
		seen[name] = true
	}
	_, err := build(p.steps())
	return err
}

func (p *Plan) targets(dir string, claim *persist.Claim) []*Target {
	targets := make([]*Target, len(p.Names))
	for i, name := range p.Names {
		targets[i] = &Target{Name: name, Path: filepath.Join(dir, name), claim: claim, source: p.Source}
	}
	return targets
}
