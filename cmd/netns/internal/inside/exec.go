// Package inside becomes a command in a network namespace: it enters the namespace, fits /sys and /etc to it, takes the
// user's identity, and calls execve(2). A namespace without a name can also be in a new user namespace.
//
// Most functions change the calling thread, which must be locked, and the process. They cannot be undone: after an error the
// caller can only report it and end.
package inside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/netns-go/netns/cmd/netns/internal/term"
	"golang.org/x/sys/unix"
)

// Options say how a command is run.
type Options struct {
	Identity
	Env     []string // KEY=VALUE, set last
	Workdir string   // as the new user finds it inside; "" is the caller's
	NetOnly bool     // leaves the mounts as they are
	Quiet   bool     // prints no warning
}

// Exec enters the namespace of an open descriptor under a name, which selects the files over /etc, and becomes a command.
// It returns only if that failed: with a *[CommandError] if only execve(2) did.
func Exec(ns int, name string, command Command, o Options) error {
	if err := mayEnter("", os.NewSyscallError("setns", unix.Setns(ns, unix.CLONE_NEWNET))); err != nil {
		return err
	}
	if !o.NetOnly {
		if err := FitMounts("exec", name, o.Quiet); err != nil {
			return err
		}
	}
	return Become(command, o)
}

// FitMounts makes mounts that fit the namespace of the calling thread, in a new mount namespace: /sys and, for a namespace with
// a name, the files over /etc. If the kernel refuses a sysfs, the caller's /sys stays, and unless quiet, FitMounts prints that.
func FitMounts(verb, name string, quiet bool) error {
	if err := leaveMounts(); err != nil {
		return err
	}
	var files []etcFile
	if name != "" { // a mount can be cloned only in the mount namespace in which it was opened
		var err error
		if files, err = etcFiles(name); err != nil {
			return err
		}
	}
	fresh, err := newSys()
	switch {
	case err == nil:
		if err = replaceSys(fresh); err != nil {
			return netOnlyHelps(err)
		}
	case !errors.Is(err, fs.ErrPermission):
		return netOnlyHelps(err)
	case !quiet: // in a container in which other mounts cover parts of /sys
		fmt.Fprintf(os.Stderr, "netns: %s: /sys remains the caller's: %s\n", verb, term.Escaped(err.Error()))
	}
	coverEtc(files)
	return nil
}

// Become replaces this process by a command, with the options' identity, environment and directory. It returns only if that
// failed.
func Become(command Command, o Options) error {
	if err := o.Identity.assume(); err != nil {
		return err
	}
	if o.Workdir != "" {
		if err := os.Chdir(o.Workdir); err != nil {
			return errors.New(err.Error()) // the text only: if this user may not go there, no privilege is missing
		}
	}
	return command.become(Environment(slices.Concat(o.Identity.env, o.Env)...))
}
