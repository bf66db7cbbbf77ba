package stages

import (
	"fmt"
	"os"
	"strings"

	"github.com/netns-go/netns/persist"
)

// A Stage is a step in making a network namespace. It is built, by the [Decoder] registered for it, from its arguments
// in the plan: in the parent, to check them and to undo, and in the child, to do.
type Stage interface {
	// Do does the step. It runs in the child, on a thread that is inside the new namespace; that of any other goroutine
	// is outside, and what is to be done there is done on one. If Do fails, it must have undone what it did outside of
	// the namespace; what is inside goes with the namespace. Whoever has to do without it calls Undo, and ends the process,
	// two to four seconds after the transaction was given up. A process in a frozen cgroup ends only when it is let go.
	Do(t *Target) error

	// Undo takes back what Do did outside of the namespace. It runs in the child or, if that is dead, in the parent,
	// outside of the namespace (but see [Here]), and never when the namespace is deleted later on. It depends on nothing
	// but what the stage was built from. In the parent it is also called for a Do that was never reached or did not end:
	// "not there" is success, and what is there may be somebody else's.
	Undo(t *Target) error
}

// Inside is to be embedded by a Stage all of whose effects are inside the namespace, so that there is nothing to undo.
type Inside struct{}

// Undo does nothing.
func (Inside) Undo(*Target) error { return nil }

// A Target is the namespace that a stage works on.
type Target struct {
	Name string // what it will be called
	Path string // where it will be mounted

	claim *persist.Claim
	ns    *os.File // in the child, once it is unshared

	source *os.File // what to attach, or nil
}

// A Decoder builds a Stage from its arguments, whose form is the stage's own affair. It should return an
// *[ArgumentError] for arguments that are none, and must touch nothing.
type Decoder func(args []byte) (Stage, error)

// An ArgumentError reports an argument that a stage cannot use. Nothing was done yet.
type ArgumentError struct {
	Stage, Argument, Reason string
}

func (e *ArgumentError) Error() string {
	return fmt.Sprintf("invalid %s %q: %s", e.Stage, e.Argument, e.Reason)
}

var registry = map[string]Decoder{}

// late are the stages that a child would not know before its main.
var late = map[string]bool{}

// Register makes a stage known under a name: at most 64 of the characters a to z, 0 to 9, ".", "_" and "-". It is to be
// called by an init function, unconditionally, since the child has to come to it as well: a stage that main registers, or
// a plugin, is refused by [Plan.Check], and works in [Here] only. In the child the call that completes the plan's stages
// does not return. It panics for a bad or doubled name.
func Register(name string, decode Decoder) {
	if name == "" || len(name) > persist.MaxStage || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
		panic(fmt.Sprintf("stages: bad stage name %q", name))
	}
	if _, twice := registry[name]; twice {
		panic(fmt.Sprintf("stages: stage %q registered twice", name))
	}
	registry[name] = decode
	late[name] = tooLate()
	dispatch(name)
}
