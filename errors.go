package netns

import (
	"fmt"
	"io/fs"
)

// A VitalError reports a namespace in which nothing may be killed, since the machine or the caller lives in it.
type VitalError struct {
	Path, Whose string
}

func (e *VitalError) Error() string {
	return fmt.Sprintf("%s: it is the network namespace of %s, and nothing in it is killed", e.Path, e.Whose)
}

// A HiddenError reports that there may be processes in a namespace that the caller cannot see, and no capability would show
// them.
type HiddenError struct {
	Path   string // of the namespace; or /proc, if that is missing
	Reason string
}

func (e *HiddenError) Error() string {
	return fmt.Sprintf("%s: processes may be hidden: %s", e.Path, e.Reason)
}

// An NSIDError reports an id that cannot be set. It matches [fs.ErrExist].
type NSIDError struct {
	Path string
	ID   int  // the one that is in the way
	Own  bool // it is the namespace's own, and not another's
}

func (e *NSIDError) Error() string {
	if e.Own {
		return fmt.Sprintf("%s: exists: it has the nsid %d, which stays until the namespace ends", e.Path, e.ID)
	}
	return fmt.Sprintf("%s: exists: another namespace has the nsid %d", e.Path, e.ID)
}

// Is makes the error match [fs.ErrExist].
func (e *NSIDError) Is(target error) bool { return target == fs.ErrExist }
