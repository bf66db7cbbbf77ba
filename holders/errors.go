package holders

import "fmt"

// A VitalError reports that [Kill] would end the machine or the caller: process 1 or the caller itself is in the namespace.
type VitalError struct {
	Path  string // of the namespace
	Whose string // "process 1", "this process" or "this thread"
}

func (e *VitalError) Error() string {
	return fmt.Sprintf("%s: it is the network namespace of %s, and nothing in it is killed", e.Path, e.Whose)
}

// A HiddenError reports that a namespace may have processes that the caller cannot see, and that no capability would show them.
type HiddenError struct {
	Path   string // of the namespace, or /proc if that is missing
	Reason string
}

func (e *HiddenError) Error() string {
	return fmt.Sprintf("%s: processes may be hidden: %s", e.Path, e.Reason)
}
