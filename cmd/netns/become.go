package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

// commandFlags are for a verb that becomes a command, and readCommandOptions reads them.
func commandFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "user", Usage: "run it as `USER[:GROUP]`, names or numbers, with that user's groups"},
		&cli.StringFlag{Name: "group", Usage: "run it with this `GROUP`, a name or a number"},
		&cli.StringSliceFlag{Name: "env", Usage: "set this in its environment, `KEY=VALUE` (repeatable)"},
		&cli.StringFlag{Name: "workdir", Usage: "run it in `DIR`, as it is found inside"},
		&cli.BoolFlag{Name: "net-only", Usage: "change nothing but the network namespace: /sys and /etc stay the caller's"},
	}
}

// commandOptions say how a command is run.
type commandOptions struct {
	identity
	env     []string
	workdir string
	netOnly bool
}

func readCommandOptions(c *cli.Context) (o commandOptions, err error) {
	o.env, o.workdir, o.netOnly = c.StringSlice("env"), c.String("workdir"), c.Bool("net-only")
	for _, setting := range o.env {
		if strings.Index(setting, "=") < 1 {
			return o, usageError{fmt.Sprintf("--env %q is not KEY=VALUE", setting)}
		}
	}
	if c.IsSet("workdir") && o.workdir == "" {
		return o, usageError{"--workdir: no directory given"}
	}
	o.identity, err = lookUpIdentity(c)
	return o, err
}

// apply makes the process what its command should be: its user, environment and directory.
func (o commandOptions) apply() error {
	if err := o.identity.assume(); err != nil {
		return err
	}
	for _, setting := range slices.Concat(o.identity.env, o.env) {
		key, value, _ := strings.Cut(setting, "=")
		if err := os.Setenv(key, value); err != nil {
			return err
		}
	}
	if o.workdir == "" {
		return nil
	}
	if err := os.Chdir(o.workdir); err != nil {
		return errors.New(err.Error()) // that this user may not go there is no lack of root's privilege
	}
	return nil
}

// become replaces this process by a command, found and run as execvp(3) does it. It returns only if that failed.
func become(verb string, command []string) error {
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
	return codedError{fmt.Errorf("%s: %s: %w", verb, printable(command[0]), err), code}
}

// failsAs gives an error this code, unless it has one.
func failsAs(code int, err error) error {
	var coded codedError
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return codedError{err, code}
}
