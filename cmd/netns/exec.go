package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

func init() {
	// A command becomes of the thread that calls execve. Only from the main one does it keep its parent-death signal.
	runtime.LockOSThread()
	register(execCommand)
}

func execCommand() *cli.Command {
	return &cli.Command{
		Name:      "exec",
		Usage:     "run a command inside a namespace",
		ArgsUsage: "NAME [--] COMMAND [ARGUMENT...]",
		Description: "The command takes the place of netns, with /sys of the namespace and /etc/netns/NAME/* over /etc/*, in a\n" +
			"mount namespace of its own. The exit code is the command's; 125 is a failure of netns itself, 126 a command\n" +
			"that cannot be executed, 127 one that is not found.\n\n   netns exec demo ip address",
		Action: execute,
	}
}

func execute(c *cli.Context) error {
	args := c.Args().Slice()
	if len(args) == 0 {
		return codedError{usageError{"exec: no name given; see netns exec --help"}, codeExec}
	}
	name, command := args[0], args[1:]
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		return codedError{usageError{"exec: no command given; see netns exec --help"}, codeExec}
	}
	ns, err := netns.Open(runDir(c), name)
	if err == nil {
		err = enter(ns, name)
	}
	if err != nil {
		return codedError{advise(fmt.Errorf("exec %s: %w", printable(name), err), whatToEnter), codeExec}
	}
	return become(command)
}

// whatToEnter says what to do about a name that is no namespace, by its state.
var whatToEnter = map[netns.State]string{
	netns.Stale:        "netns create makes it anew, netns delete removes it",
	netns.Unmounted:    "remove what is left with netns delete",
	netns.Elsewhere:    "enter that mount namespace first",
	netns.Foreign:      "if it is left over, remove it with netns delete",
	netns.Incompatible: "use that version",
	netns.Unreadable:   "run it with sudo",
}

// become replaces this process by a command, found and run as execvp(3) does it. It returns only if that failed.
func become(command []string) error {
	path, err := exec.LookPath(command[0])
	if err == nil || errors.Is(err, exec.ErrDot) {
		err = unix.Exec(path, command, os.Environ())
		if err == unix.ENOEXEC { // a script without #!
			err = unix.Exec("/bin/sh", append([]string{"sh", path}, command[1:]...), os.Environ())
		}
	} else if cause := errors.Unwrap(err); cause != nil {
		err = cause
	}
	code := codeNotExec
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		code = codeNotFound
	}
	return codedError{fmt.Errorf("exec: %s: %w", printable(command[0]), err), code}
}
