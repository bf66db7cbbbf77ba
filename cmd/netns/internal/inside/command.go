package inside

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"golang.org/x/sys/unix"
)

// A Command is a program and its arguments. If File has no slash, PATH has the program's directory.
type Command struct {
	File string
	Args []string // the first one is the command's name
}

// NewCommand makes a command of its words.
func NewCommand(words []string) Command { return Command{words[0], words} }

// Shell returns the command that unshare(1) and nsenter(1) run if they are given none: the user's shell, as a login shell.
func Shell() Command {
	shell := cmp.Or(os.Getenv("SHELL"), "/bin/sh")
	return Command{shell, []string{"-" + filepath.Base(shell)}}
}

// become replaces this process by the command, with all that execve(2) hands on, and searches PATH as glibc's execvp(3) does. It
// returns only if that failed.
func (c Command) become(env []string) error {
	signals.HandOn()
	if strings.Contains(c.File, "/") || c.File == "" {
		err := Execve(c.File, c.Args, env)
		if info, statErr := os.Stat(c.File); statErr == nil && info.IsDir() {
			err = unix.EISDIR // as a shell says it; execve(2) says EACCES
		}
		return &CommandError{c.File, err}
	}
	failure := exec.ErrNotFound
	for dir := range strings.SplitSeq(searchPath(env), ":") {
		file := c.File
		if dir != "" { // which is the working directory
			file = dir + "/" + file
		}
		switch err := Execve(file, c.Args, env); err {
		case unix.EACCES:
			failure = err // unless another directory has it
		case unix.ENOENT, unix.ESTALE, unix.ENOTDIR, unix.ENODEV, unix.ETIMEDOUT:
		default:
			return &CommandError{c.File, err}
		}
	}
	return &CommandError{c.File, failure}
}

// searchPath returns the PATH of an environment, or the system's (confstr(3)).
func searchPath(env []string) string {
	const key = "PATH="
	if i := slices.IndexFunc(env, func(s string) bool { return strings.HasPrefix(s, key) }); i >= 0 {
		return env[i][len(key):]
	}
	return "/bin:/usr/bin"
}

// Execve replaces this process by a program. A file that is no program, a script without #!, is given to the shell, as by
// execvp(3).
func Execve(path string, args, env []string) error {
	err := unix.Exec(path, args, env)
	if err == unix.ENOEXEC {
		const shell = "/bin/sh"
		err = unix.Exec(shell, append([]string{shell, path}, args[1:]...), env)
	}
	return err
}

// TakeOver returns the settings by which systemd's variables mean this process, if they mean its parent: in a netns that another
// netns started for its command (sd_listen_fds(3), sd_watchdog_enabled(3)).
func TakeOver() (settings []string) {
	for _, key := range []string{"LISTEN_PID", "WATCHDOG_PID"} {
		if signals.FromNetns() && os.Getenv(key) == strconv.Itoa(os.Getppid()) {
			settings = append(settings, key+"="+strconv.Itoa(os.Getpid()))
		}
	}
	return settings
}

// Environment returns the environment that the caller gave to netns, with further settings of the form KEY=VALUE. Package os
// would lose empty strings, and all but the first of several settings of a key.
func Environment(settings ...string) []string {
	env := os.Environ()
	if data, err := os.ReadFile("/proc/self/environ"); err == nil {
		env = strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
	}
	for _, setting := range append(settings, signals.Variable) {
		key, _, _ := strings.Cut(setting, "=")
		env = slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, key+"=") })
	}
	return append(env, settings...)
}

// A CommandError reports a command that could not be executed.
type CommandError struct {
	Command string
	Err     error
}

func (e *CommandError) Error() string { return term.Printable(e.Command) + ": " + e.Err.Error() }

// Unwrap returns the error of execve(2).
func (e *CommandError) Unwrap() error { return e.Err }

// NotFound reports whether the command does not exist.
func (e *CommandError) NotFound() bool {
	return errors.Is(e, exec.ErrNotFound) || errors.Is(e, fs.ErrNotExist) || errors.Is(e, syscall.ENOTDIR)
}
