//go:build linux

package stages

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/netns-go/netns/persist"
)

// A remoteError is an error that came from the child: its text, and the parts that callers look for.
type remoteError struct {
	text  string
	errno syscall.Errno // 0 if it has none

	// Each of these is zero, unless the child's error holds such an error. The Err of the last three is not sent, and becomes errno.
	taken       persist.StateError
	busy        persist.BusyError
	lacking     persist.PrivilegeError
	refused     persist.RefusedError
	unsupported persist.UnsupportedError
}

func (e *remoteError) code(c *codec) {
	text(c, &e.text, &e.taken.Path, &e.taken.Name, &e.taken.Stage, &e.busy.Path, &e.busy.Reason, &e.lacking.Capability,
		&e.lacking.Purpose, &e.refused.Capability, &e.refused.Reason, &e.unsupported.Need)
	text(c, &e.taken.State)
	number(c, &e.taken.PID)
	number(c, &e.taken.Inode)
	number(c, &e.errno)
}

func (e *remoteError) Error() string { return e.text }

// Unwrap returns the errno.
func (e *remoteError) Unwrap() error {
	if e.errno == 0 {
		return nil
	}
	return e.errno
}

// Is makes the error match [errors.ErrUnsupported] if it did in the child.
func (e *remoteError) Is(target error) bool {
	return e.unsupported.Need != "" && target == errors.ErrUnsupported
}

// As finds a *[persist.StateError], *[persist.BusyError], *[persist.PrivilegeError], *[persist.RefusedError] or
// *[persist.UnsupportedError] that the error had in the child.
func (e *remoteError) As(target any) bool {
	switch target := target.(type) {
	case **persist.StateError:
		*target = &e.taken
		return e.taken.Path != ""
	case **persist.BusyError:
		*target = &e.busy
		return e.busy.Path != ""
	case **persist.PrivilegeError:
		*target = &persist.PrivilegeError{Capability: e.lacking.Capability, Purpose: e.lacking.Purpose, Err: e.errno}
		return e.lacking.Capability != ""
	case **persist.RefusedError:
		*target = &persist.RefusedError{Capability: e.refused.Capability, Reason: e.refused.Reason, Err: e.errno}
		return e.refused.Capability != ""
	case **persist.UnsupportedError:
		*target = &persist.UnsupportedError{Need: e.unsupported.Need, Err: e.errno}
		return e.unsupported.Need != ""
	}
	return false
}

func toRemote(err error) remoteError {
	r := remoteError{text: err.Error()}
	if taken, ok := errors.AsType[*persist.StateError](err); ok {
		r.errno, r.taken = syscall.EEXIST, *taken
		return r
	}
	if busy, ok := errors.AsType[*persist.BusyError](err); ok {
		r.busy = *busy
	}
	if lacking, ok := errors.AsType[*persist.PrivilegeError](err); ok {
		r.lacking.Capability, r.lacking.Purpose = lacking.Capability, lacking.Purpose
	}
	if refused, ok := errors.AsType[*persist.RefusedError](err); ok {
		r.refused.Capability, r.refused.Reason = refused.Capability, refused.Reason
	}
	if unsupported, ok := errors.AsType[*persist.UnsupportedError](err); ok {
		r.unsupported.Need = unsupported.Need
	}
	if !errors.As(err, &r.errno) && errors.Is(err, fs.ErrNotExist) {
		r.errno = syscall.ENOENT
	}
	return r
}
