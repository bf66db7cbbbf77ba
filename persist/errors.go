package persist

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// A NotExistError reports that there is no such name. It matches [fs.ErrNotExist].
type NotExistError struct {
	Path string
}

func (e *NotExistError) Error() string {
	return fmt.Sprintf("%s: no such network namespace", e.Path)
}

// Is makes the error match [fs.ErrNotExist].
func (e *NotExistError) Is(target error) bool { return target == fs.ErrNotExist }

// A StateError reports a name that exists, in a state in which what was asked for cannot be done. It matches
// [fs.ErrExist].
type StateError struct {
	Path string
	Entry
}

func (e *StateError) Error() string {
	return fmt.Sprintf("%s: exists: %s", e.Path, e.describe())
}

// Is makes the error match [fs.ErrExist].
func (e *StateError) Is(target error) bool { return target == fs.ErrExist }

// A BusyError reports that something else holds what is needed, and still did after a bounded wait.
type BusyError struct {
	Path, Reason string
}

func (e *BusyError) Error() string { return fmt.Sprintf("%s: busy: %s", e.Path, e.Reason) }

// A PrivilegeError reports what the kernel refused for want of a capability, see capabilities(7).
type PrivilegeError struct {
	Capability string // CAP_SYS_ADMIN, say
	Purpose    string // what it is needed for
	Err        error  // what the kernel said
}

func (e *PrivilegeError) Error() string {
	return fmt.Sprintf("%v: %s needs %s", e.Err, e.Purpose, e.Capability)
}

// Unwrap returns what the kernel said: EPERM or EACCES.
func (e *PrivilegeError) Unwrap() error { return e.Err }

// An UnsupportedError reports what this kernel or file system cannot do. It matches [errors.ErrUnsupported].
type UnsupportedError struct {
	Need string // what is missing, and since when or with which option it is there
	Err  error  // what the kernel said
}

func (e *UnsupportedError) Error() string { return fmt.Sprintf("%v: %s", e.Err, e.Need) }

// Unwrap returns what the kernel said.
func (e *UnsupportedError) Unwrap() error { return e.Err }

// Is makes the error match [errors.ErrUnsupported].
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// refused explains an EPERM or EACCES of a call on the run directory: the mount calls need CAP_SYS_ADMIN, and so does
// all that follows, hence it is named first.
func refused(err error) error {
	const purpose = "making or deleting a network namespace"
	return Needs(unix.CAP_DAC_OVERRIDE, purpose, Needs(unix.CAP_SYS_ADMIN, purpose, err))
}

// Needs returns a *[PrivilegeError] if err says that something was not permitted and the calling thread lacks the
// capability (unix.CAP_SYS_ADMIN, say) that it takes, or has it in a user namespace only. Any other error, and one that is
// explained already, stays as it is.
func Needs(capability int, purpose string, err error) error {
	var explained *PrivilegeError
	if !errors.Is(err, fs.ErrPermission) || errors.As(err, &explained) {
		return err
	}
	if HasCapability(capability) {
		if !inUserNamespace() {
			return err
		}
		purpose += ", in what another user namespace owns," // a mount namespace, say, that was not unshared with ours
	}
	return &PrivilegeError{capabilityNames[capability], purpose, err}
}

var capabilityNames = map[int]string{
	unix.CAP_DAC_OVERRIDE: "CAP_DAC_OVERRIDE",
	unix.CAP_KILL:         "CAP_KILL",
	unix.CAP_NET_ADMIN:    "CAP_NET_ADMIN",
	unix.CAP_NET_RAW:      "CAP_NET_RAW",
	unix.CAP_SYS_ADMIN:    "CAP_SYS_ADMIN",
	unix.CAP_SYS_PTRACE:   "CAP_SYS_PTRACE",
	unix.CAP_SYS_RESOURCE: "CAP_SYS_RESOURCE",
}

// HasCapability says whether the calling thread has a capability (unix.CAP_SYS_ADMIN, say) in its effective set.
func HasCapability(capability int) bool {
	var data [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if unix.Capget(&header, &data[0]) != nil {
		return false
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}

// pathError gives the error of a system call its name and path.
func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: path, Err: err}
}
