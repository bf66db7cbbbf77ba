package netns

import (
	"fmt"
	"io/fs"

	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"github.com/netns-go/netns/stages"
)

// The types of errors that other packages of this module define.
type (
	// A NameError reports a name that is invalid, or that is given twice. Its fields are the strings Name and Reason.
	NameError = persist.NameError

	// An ArgumentError reports an invalid address, kernel parameter, nsid or argument of a stage; nothing was done. Its fields are
	// the strings Stage ("address", "sysctl", "nsid" or the name of a stage), Argument and Reason.
	ArgumentError = stages.ArgumentError

	// A NotExistError reports that a namespace, process or descriptor is missing. It matches fs.ErrNotExist. Its field is the
	// string Path.
	NotExistError = persist.NotExistError

	// A StateError reports a name whose state does not allow what was asked for. It matches fs.ErrExist. Its fields are the
	// string Path and those of an [Entry], which it embeds.
	StateError = persist.StateError

	// A BusyError reports that something else holds what is needed, and still held it after a bounded wait. Its fields are the
	// strings Path and Reason. The Reason names the processes that hold it, if the caller may see them.
	BusyError = persist.BusyError

	// A PrivilegeError reports a missing capability, see capabilities(7). It matches fs.ErrPermission. Its fields are the strings
	// Capability (CAP_SYS_ADMIN, for example) and Purpose, and the kernel's error Err.
	PrivilegeError = persist.PrivilegeError

	// A RefusedError reports that the kernel refused although the caller has the capability. In most cases a security module
	// or a seccomp filter refuses. It matches fs.ErrPermission. Its fields are the strings Capability and Reason, and the
	// kernel's error Err.
	RefusedError = persist.RefusedError

	// A TrustError reports a directory, link or file that another user could write to or replace. Its fields are the strings
	// Path, of the run directory or something on the way to it, and Reason.
	TrustError = persist.TrustError

	// An UnsupportedError reports what this system, its kernel or a file system cannot do. It matches errors.ErrUnsupported. Its
	// fields are the string Need, which says what is missing, and the kernel's error Err.
	UnsupportedError = persist.UnsupportedError

	// A StageError reports the stage that failed. It matches what the stage's error matches. Its fields are the strings
	// Namespace, the name or "", and Stage, and the stage's error Err.
	StageError = stages.Error

	// A KeptError reports what remains after a Create with KeepOnFail that failed. Its fields are Complete, a []string with the
	// names of the complete namespaces, the string Kept, the name of the incomplete one or "", and Err, the *[StageError].
	KeptError = stages.KeptError

	// An UndoError reports a step that could not be undone, so its effect remains. It comes beside the error that caused the
	// undoing. It matches what Err matches. Its fields are the string Step, and Err, why it could not be undone.
	UndoError = rollback.UndoError
)

// An OwnError reports that [Options].From is the caller's own namespace, and that Options.Own is not set.
type OwnError struct {
	Path string // of From
}

func (e *OwnError) Error() string {
	return fmt.Sprintf("%s: it is the namespace that this process is in itself", e.Path)
}

// An NSIDError reports an id that cannot be set. It matches [fs.ErrExist].
type NSIDError struct {
	Path string // of the namespace
	ID   int    // the id that is in the way
	Own  bool   // ID is the namespace's own; otherwise another namespace has it
}

func (e *NSIDError) Error() string {
	if e.Own {
		return fmt.Sprintf("%s: exists: it has the nsid %d, which lasts until this or the caller's namespace ends", e.Path, e.ID)
	}
	return fmt.Sprintf("%s: exists: another namespace has the nsid %d", e.Path, e.ID)
}

// Is makes the error match [fs.ErrExist].
func (e *NSIDError) Is(target error) bool { return target == fs.ErrExist }
