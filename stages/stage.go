package stages

import (
	"os"

	"github.com/netns-go/netns/persist"
)

// A Stage is a step in making a network namespace. The [Decoder] registered for it builds the Stage from its arguments in the
// plan: in the parent, to check the arguments and to undo, and in the child, to do the step.
type Stage interface {
	// Do does the step. It runs in the child, on a thread that is inside the new namespace. Other goroutines of the child
	// run outside, so Do can start one for work outside. If Do fails, it must have undone what it did outside of the
	// namespace. What it did inside ends with the namespace.
	//
	// If Do does not return, the child or the parent calls Undo and ends the process, two to four seconds after the
	// transaction was given up. A process in a frozen cgroup ends only when it is thawed.
	Do(t *Target) error

	// Undo undoes what Do did outside of the namespace. It runs in the child or, if the child is dead, in the parent, and
	// outside of the namespace (but see [Here]). It never runs when the namespace is deleted later. Undo depends only on
	// what the stage was built from.
	//
	// The parent calls Undo also if Do never ran or did not return. So for Undo a missing object is success, and an
	// existing one may belong to another process.
	Undo(t *Target) error
}

// Inside is for embedding in a Stage all of whose effects are inside the namespace. Such a Stage has nothing to undo.
type Inside struct{}

// Undo does nothing.
func (Inside) Undo(*Target) error { return nil }

// A Target is the namespace that a stage works on.
type Target struct {
	Name string // the name that it gets
	Path string // the path where it is mounted last

	claim  *persist.Claim
	ns     *os.File // in the child, after the first stage
	source *os.File // the namespace to attach, or nil
}

// A Decoder builds a Stage from its arguments, in a form of the stage's own. It returns an *[ArgumentError] for invalid
// arguments, and must change nothing.
type Decoder func(args []byte) (Stage, error)
