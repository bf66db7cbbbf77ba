package persist

import (
	"errors"
	"fmt"
	"io/fs"
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

// isMissing reports whether an error says that a name is missing. A file that is missing in /proc, say, is another thing.
func isMissing(err error) bool {
	var missing *NotExistError
	return errors.As(err, &missing)
}

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

// A RefusedError reports what the kernel refused though the caller has the capability for it. That is, as a rule, the doing
// of a security module or of a seccomp filter, and no privilege would help.
type RefusedError struct {
	Capability string // CAP_SYS_ADMIN, say
	Reason     string // what refuses it, as far as that can be known
	Err        error  // what the kernel said
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%v: %s is there, but %s", e.Err, e.Capability, e.Reason)
}

// Unwrap returns what the kernel said: EPERM or EACCES.
func (e *RefusedError) Unwrap() error { return e.Err }

// An UnsupportedError reports what this system, its kernel or a file system cannot do. It matches [errors.ErrUnsupported].
type UnsupportedError struct {
	Need string // what is missing, and since when or with which option it is there
	Err  error  // what the kernel said; where that is not Linux, errors.ErrUnsupported
}

func (e *UnsupportedError) Error() string { return fmt.Sprintf("%v: %s", e.Err, e.Need) }

// Unwrap returns what the kernel said.
func (e *UnsupportedError) Unwrap() error { return e.Err }

// Is makes the error match [errors.ErrUnsupported].
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// A TrustError reports a file, in most cases the run directory, that somebody else could exchange or write to, so that it
// cannot be relied on: what is mounted, unmounted or entered by its names would be another's choice.
type TrustError struct {
	Path   string // the directory, link or file in question, on the way to what was asked for or that itself
	Reason string
}

func (e *TrustError) Error() string {
	return fmt.Sprintf("%s: not to be trusted: %s", e.Path, e.Reason)
}
