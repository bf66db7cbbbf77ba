// Package inside becomes a command in a network namespace: it enters the namespace, fits /sys and /etc to it, takes the
// user's identity, and calls execve(2). A namespace without a name can also be in a new user namespace.
//
// Most functions change the calling thread, which must be locked, and the process. They cannot be undone: after an error the
// caller can only report it and end.
package inside

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/netns-go/netns/cmd/netns/internal/term"
	"golang.org/x/sys/unix"
)

// Options say how a command is run.
type Options struct {
	Identity
	Env     []string // KEY=VALUE, set last
	Workdir string   // as the new user finds it inside; "" is the caller's
	NetOnly bool     // leaves the mounts as they are
}

// Exec enters the namespace of an open descriptor under a name, which selects the files over /etc, and becomes a command.
// It returns only if that failed: with a *[CommandError] if only execve(2) did.
func Exec(ns int, name string, command []string, o Options) error {
	if err := mayEnter("", os.NewSyscallError("setns", unix.Setns(ns, unix.CLONE_NEWNET))); err != nil {
		return err
	}
	if !o.NetOnly {
		if err := fitMounts(name); err != nil {
			return err
		}
	}
	return Become(command, o)
}

// fitMounts makes mounts that fit the namespace of the calling thread.
func fitMounts(name string) error {
	if err := LeaveMounts(); err != nil {
		return err
	}
	// A mount can be cloned only in the mount namespace in which it was opened.
	files, err := etcFiles(name)
	if err != nil {
		return err
	}
	if err := ReplaceSys(); err != nil {
		return err
	}
	coverEtc(files)
	return nil
}

// A CommandError reports a command that could not be executed.
type CommandError struct {
	Command string
	Err     error
}

func (e *CommandError) Error() string { return term.Printable(e.Command) + ": " + e.Err.Error() }

// Unwrap returns the error of the look-up in PATH or of execve(2).
func (e *CommandError) Unwrap() error { return e.Err }

// NotFound reports whether the command does not exist.
func (e *CommandError) NotFound() bool {
	return errors.Is(e, exec.ErrNotFound) || errors.Is(e, fs.ErrNotExist) || errors.Is(e, syscall.ENOTDIR)
}

// Become replaces this process by a command, found and run as execvp(3) does it, with the options' identity, environment and
// directory. It returns only if that failed.
func Become(command []string, o Options) error {
	if err := o.apply(); err != nil {
		return err
	}
	path, err := exec.LookPath(command[0])
	if err == nil || errors.Is(err, exec.ErrDot) {
		err = unix.Exec(path, command, os.Environ())
		if err == unix.ENOEXEC { // a script without #!
			err = unix.Exec("/bin/sh", append([]string{"sh", path}, command[1:]...), os.Environ())
		}
	} else if cause := errors.Unwrap(err); cause != nil {
		err = cause
	}
	return &CommandError{command[0], err}
}

// apply takes on the command's identity, environment and directory.
func (o Options) apply() error {
	if err := o.Identity.assume(); err != nil {
		return err
	}
	for _, setting := range slices.Concat(o.Identity.env, o.Env) {
		key, value, _ := strings.Cut(setting, "=")
		if err := os.Setenv(key, value); err != nil {
			return err
		}
	}
	if o.Workdir == "" {
		return nil
	}
	if err := os.Chdir(o.Workdir); err != nil {
		return errors.New(err.Error()) // the text only: if this user may not go there, no privilege is missing
	}
	return nil
}
