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
	text        string
	errno       syscall.Errno // 0 if it has none
	unsupported bool
	taken       persist.StateError // zero, unless a name is taken
	busy        persist.BusyError  // zero, unless something else holds what is needed
	lacking     string             // the capability of a PrivilegeError, or ""
	refused     string             // the capability of a RefusedError, or ""
}

func (e *remoteError) code(c *codec) {
	text(c, &e.text, &e.taken.Path, &e.taken.Name, &e.taken.Stage, &e.busy.Path, &e.busy.Reason, &e.lacking, &e.refused)
	text(c, &e.taken.State)
	number(c, &e.taken.PID)
	number(c, &e.errno)
	flag(c, &e.unsupported)
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
func (e *remoteError) Is(target error) bool { return e.unsupported && target == errors.ErrUnsupported }

// As finds a *[persist.StateError], *[persist.BusyError], *[persist.PrivilegeError] or *[persist.RefusedError] that the error
// had in the child.
func (e *remoteError) As(target any) bool {
	switch target := target.(type) {
	case **persist.StateError:
		*target = &e.taken
		return e.taken.Path != ""
	case **persist.BusyError:
		*target = &e.busy
		return e.busy.Path != ""
	case **persist.PrivilegeError:
		*target = &persist.PrivilegeError{Capability: e.lacking, Err: e}
		return e.lacking != ""
	case **persist.RefusedError:
		*target = &persist.RefusedError{Capability: e.refused, Err: e}
		return e.refused != ""
	}
	return false
}

func toRemote(err error) remoteError {
	r := remoteError{text: err.Error(), unsupported: errors.Is(err, errors.ErrUnsupported)}
	if taken := new(persist.StateError); errors.As(err, &taken) {
		r.errno, r.taken = syscall.EEXIST, *taken
		return r
	}
	if busy := new(persist.BusyError); errors.As(err, &busy) {
		r.busy = *busy
	}
	if lacking := new(persist.PrivilegeError); errors.As(err, &lacking) {
		r.lacking = lacking.Capability
	}
	if refused := new(persist.RefusedError); errors.As(err, &refused) {
		r.refused = refused.Capability
	}
	if !errors.As(err, &r.errno) && errors.Is(err, fs.ErrNotExist) {
		r.errno = syscall.ENOENT
	}
	return r
}
