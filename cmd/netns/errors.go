package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/line"
	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"golang.org/x/sys/unix"
)

// The exit codes, see docs/netns.md.
const (
	codeFailed      = 1
	codeUsage       = 2
	codeNotExist    = 3
	codeExists      = 4
	codeBusy        = 5
	codePrivilege   = 6
	codeUnhealthy   = 7
	codeRemains     = 8
	codeUnsupported = 9
	codeTimeout     = 124
	codeExec        = 125
	codeNotExec     = 126
	codeNotFound    = 127
	codeSignal      = 128
)

// usagef returns an error for a mistake in the command line.
func usagef(format string, args ...any) error { return line.Usagef(format, args...) }

// A codedError ends the command with an exit code of its own.
type codedError struct {
	error
	code int
}

func (e codedError) Unwrap() error { return e.error }

// reported returns an error for a failure that the user has been told of: nothing is printed for it.
func reported(code int) error { return codedError{errors.New(""), code} }

// failsAs gives an error this code, unless it has a code of its own.
func failsAs(code int, err error) error {
	if err == nil || is[codedError](err) {
		return err
	}
	return codedError{err, code}
}

// A timeoutError reports that a command rolled back after this time.
type timeoutError time.Duration

func (e timeoutError) Error() string { return fmt.Sprintf("timed out after %v", time.Duration(e)) }

// An unhealthyError reports a namespace that is not healthy.
type unhealthyError struct{ error }

func (e unhealthyError) Error() string { return "not healthy: " + e.error.Error() }
func (e unhealthyError) Unwrap() error { return e.error }

// is reports whether an error is, or wraps, an error of a type.
func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// exitCode returns the exit code for an error.
func exitCode(err error) int {
	if coded, ok := errors.AsType[codedError](err); ok {
		return coded.code
	}
	ended, isEnded := errors.AsType[signals.Error](err)
	switch {
	case is[unhealthyError](err):
		return codeUnhealthy
	case is[*netns.UndoError](err), is[*netns.KeptError](err):
		return codeRemains
	case isEnded:
		return codeSignal + int(ended.Signal)
	case is[timeoutError](err):
		return codeTimeout
	case is[line.UsageError](err), is[*netns.NameError](err), is[*netns.ArgumentError](err):
		return codeUsage
	case is[*netns.NotExistError](err):
		return codeNotExist
	case is[*netns.StateError](err), is[*netns.NSIDError](err):
		return codeExists
	case is[*netns.BusyError](err):
		return codeBusy
	case is[*netns.RefusedError](err): // no privilege is missing
		return codeFailed
	case is[*netns.PrivilegeError](err), errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0:
		return codePrivilege
	case errors.Is(err, errors.ErrUnsupported):
		return codeUnsupported
	}
	return codeFailed
}

// nameTaken adds strerror(3)'s words for EEXIST to the error of a name that exists already. See errnoText.
func nameTaken(err error) error {
	if is[*netns.StateError](err) {
		return fmt.Errorf("%w (File exists)", err)
	}
	return err
}

// errnoText returns the text of an error. A name, process or command that is missing, and a privilege that is missing, also have
// the words of strerror(3), because programs that call ip netns look for them. Go's words begin with a small letter.
func errnoText(err error) string {
	text, code, words := err.Error(), exitCode(err), ""
	errno, isErrno := errors.AsType[unix.Errno](err)
	switch {
	case is[*netns.NotExistError](err), code == codeNotExist, code == codeNotFound:
		words = "No such file or directory"
	case is[*netns.PrivilegeError](err) && isErrno:
		words = strings.ToUpper(errno.Error()[:1]) + errno.Error()[1:]
	}
	if text == "" || words == "" || strings.Contains(text, words) {
		return text
	}
	return text + " (" + words + ")"
}

// said reports an error, if any, and returns the exit code.
func said(err error) int {
	if err == nil {
		return 0
	}
	text := errnoText(err)
	if errors.Is(err, unix.EMFILE) && !strings.Contains(text, "ulimit") {
		text += "; raise the limit of open files (ulimit -n)"
	}
	if text != "" {
		fmt.Fprintf(os.Stderr, "netns: %s\n", term.Escaped(text))
	}
	return exitCode(err)
}
