package persist

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
)

// A NotExistError reports a missing name. It matches [fs.ErrNotExist].
type NotExistError struct {
	Path string
}

func (e *NotExistError) Error() string {
	return fmt.Sprintf("%s: no such network namespace", e.Path)
}

// Is makes the error match [fs.ErrNotExist].
func (e *NotExistError) Is(target error) bool { return target == fs.ErrNotExist }

// isMissing reports whether an error means that a name is missing. A missing file in /proc, for example, is not such an error.
func isMissing(err error) bool {
	_, missing := errors.AsType[*NotExistError](err)
	return missing
}

// unlessMissing returns nil for the error of a missing name, and any other error as it is.
func unlessMissing(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}

// A StateError reports a name that exists, but whose state rules out what the caller asked for. It matches [fs.ErrExist].
type StateError struct {
	Path string
	Entry
}

func (e *StateError) Error() string {
	return fmt.Sprintf("%s: exists: %s", e.Path, e.describe())
}

// Is makes the error match [fs.ErrExist].
func (e *StateError) Is(target error) bool { return target == fs.ErrExist }

// A BusyError reports something that another process holds, and still held after a bounded wait.
type BusyError struct {
	Path, Reason string
}

func (e *BusyError) Error() string { return fmt.Sprintf("%s: busy: %s", e.Path, e.Reason) }

// A PrivilegeError reports a call that the kernel refused because the caller lacks a capability, see capabilities(7).
type PrivilegeError struct {
	Capability string // the missing one, such as CAP_SYS_ADMIN
	Purpose    string // the reason why the caller needs it
	Err        error  // the error of the kernel
}

func (e *PrivilegeError) Error() string {
	return fmt.Sprintf("%v: %s needs %s", e.Err, e.Purpose, e.Capability)
}

// Unwrap returns the error of the kernel: EPERM or EACCES.
func (e *PrivilegeError) Unwrap() error { return e.Err }

// A RefusedError reports a call that the kernel refused although the caller has the capability for it. Usually a security
// module or a seccomp filter did that, and no privilege helps.
type RefusedError struct {
	Capability string // the caller's, such as CAP_SYS_ADMIN
	Reason     string // the most likely cause
	Err        error  // the error of the kernel
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%v: %s is there, but %s", e.Err, e.Capability, e.Reason)
}

// Unwrap returns the error of the kernel: EPERM or EACCES.
func (e *RefusedError) Unwrap() error { return e.Err }

// An UnsupportedError reports a feature that this system, its kernel or a file system lacks. It matches
// [errors.ErrUnsupported].
type UnsupportedError struct {
	Need string // the missing feature, and the version or option that has it
	Err  error  // the error of the kernel; on other systems than Linux, errors.ErrUnsupported
}

// Unsupported returns the error of every function that needs Linux, on other systems.
func Unsupported() error {
	return &UnsupportedError{"network namespaces are Linux's, and this is " + runtime.GOOS + "; run it on Linux", errors.ErrUnsupported}
}

func (e *UnsupportedError) Error() string { return fmt.Sprintf("%v: %s", e.Err, e.Need) }

// Unwrap returns the error of the kernel.
func (e *UnsupportedError) Unwrap() error { return e.Err }

// Is makes the error match [errors.ErrUnsupported].
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// A TrustError reports a file, usually the run directory, that another user could replace or write to. That user would then
// choose what the caller mounts, unmounts or enters by the names in it.
type TrustError struct {
	Path   string // the directory, link or file in question: the path that was asked for, or one on the way to it
	Reason string
}

func (e *TrustError) Error() string {
	return fmt.Sprintf("%s: not to be trusted: %s", e.Path, e.Reason)
}
