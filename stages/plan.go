package stages

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/netns-go/netns/persist"
)

// A Step is a registered stage with its arguments.
type Step struct {
	Stage string
	Args  []byte
}

// A Plan is a transaction: namespaces that are made together, all or none, each by the same steps.
type Plan struct {
	Names []string
	Steps []Step // between unshare, which comes first, and publish, which comes last

	// Source, if not nil, is an open network namespace that is to get the names, in place of new ones. Nothing is
	// done inside it: there are no Steps then. It belongs to the caller.
	Source *os.File

	// Replace deletes what has the names by then, and has them still when the new namespaces are built and about to be
	// published. It excludes Keep.
	Replace bool

	// Keep publishes what there is when a step fails: the namespaces that were complete, and the one that it failed
	// on as it was. Run then returns a *KeptError.
	Keep bool

	// Progress, if not nil, is called after each step that succeeded, on the goroutine that called Run.
	Progress func(Event)
}

// ErrClosed is what a [Factory] returns that was closed.
var ErrClosed = errors.New("the factory is closed")

// An Event is a stage that has passed.
type Event struct {
	Namespace, Stage string
	Took             time.Duration
}

// An Error reports the stage that failed, on which namespace ("" if that has no name), and why. It may have crossed from
// the child, but still answers errors.Is for the system call's errno.
type Error struct {
	Namespace, Stage string
	Err              error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %v", e.Stage, e.Err)
	if e.Namespace != "" {
		text = e.Namespace + ": " + text
	}
	return text
}

// Unwrap returns why.
func (e *Error) Unwrap() error { return e.Err }

// A KeptError reports a plan with Keep that failed: something remains.
type KeptError struct {
	Complete []string // the namespaces that are complete
	Kept     string   // the one that is not, or ""
	Err      error    // the *Error that it failed with
}

func (e *KeptError) Error() string {
	text := e.Err.Error()
	if e.Kept != "" {
		text += fmt.Sprintf("; kept %s as it is", e.Kept)
	}
	if n := len(e.Complete); n > 0 {
		text += fmt.Sprintf("; kept %d complete", n)
	}
	return text
}

// Unwrap returns the *[Error].
func (e *KeptError) Unwrap() error { return e.Err }

// steps returns all steps of the plan in order; the last is publish.
func (p *Plan) steps() []Step {
	first := Unshare()
	if p.Source != nil {
		first = Step{Stage: attachStage}
	}
	all := append([]Step{first}, p.Steps...)
	return append(all, Step{Stage: publishStage})
}

// Check returns a *[persist.NameError], an *[ArgumentError] or another error for a plan that cannot be run, at all or in
// this process, and touches nothing.
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
	_, err := p.build()
	return err
}

// build builds the stages of the plan.
func (p *Plan) build() ([]Stage, error) { return build(p.steps()) }

func build(steps []Step) ([]Stage, error) {
	var built []Stage
	for _, step := range steps {
		decode, ok := registry[step.Stage]
		if !ok {
			return nil, fmt.Errorf("stage %q is not registered", step.Stage)
		}
		stage, err := decode(step.Args)
		if err != nil {
			return nil, err
		}
		built = append(built, stage)
	}
	return built, nil
}

func (p *Plan) targets(dir string, claim *persist.Claim) []*Target {
	targets := make([]*Target, len(p.Names))
	for i, name := range p.Names {
		targets[i] = &Target{Name: name, Path: filepath.Join(dir, name), claim: claim, source: p.Source}
	}
	return targets
}
