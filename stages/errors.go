package stages

import (
	"fmt"
	"io/fs"
)

// An ArgumentError reports an argument that a stage cannot use. Nothing was done.
type ArgumentError struct {
	Stage, Argument, Reason string
}

func (e *ArgumentError) Error() string {
	return fmt.Sprintf("invalid %s %q: %s", e.Stage, e.Argument, e.Reason)
}

// An Error reports which stage failed, on which namespace ("" if that has no name), and why. It may have crossed from the
// child, but still matches the errno of the system call.
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

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// A KeptError reports that a plan with Keep failed, and which namespaces remain.
type KeptError struct {
	Complete []string // the namespaces that are complete
	Kept     string   // the namespace that is incomplete, or ""
	Err      error    // the *Error of the stage that failed
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

// A closedError reports the use of a closed [Factory].
type closedError struct{}

func (closedError) Error() string { return "the factory is closed" }

// Is makes the error match [fs.ErrClosed].
func (closedError) Is(target error) bool { return target == fs.ErrClosed }
