package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/early"
	"github.com/urfave/cli/v2"
)

// The exit codes, see the manual.
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

type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// onUsageError is for the command-line library: it keeps the message from growing a whole help page.
func onUsageError(c *cli.Context, err error, _ bool) error {
	see := "netns --help"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != c.App.Name {
		see = "netns " + c.Command.Name + " --help"
	}
	text := err.Error()
	if wrong := unknownOption(err); wrong != "" {
		text = fmt.Sprintf("unknown option %q%s", wrong, suggestOption(c, wrong))
	}
	if strings.HasSuffix(text, "flag -timeout: parse error") || strings.HasSuffix(text, "flag -grace: parse error") {
		text += ": a time has a unit, as 500ms or 5s"
	}
	usage := usageError{text + "; see " + see}
	if c.Command != nil && runsCommand[c.Command.Name] {
		return codedError{usage, codeExec}
	}
	return usage
}

// A codedError ends the command with a code of its own.
type codedError struct {
	error
	code int
}

func (e codedError) Unwrap() error { return e.error }

// A signalError is why a command rolled back.
type signalError struct{ syscall.Signal }

func (e signalError) Error() string { return "ended by signal: " + e.Signal.String() }

// A timeoutError is why a command rolled back after this time.
type timeoutError time.Duration

func (e timeoutError) Error() string {
	return fmt.Sprintf("timed out after %v", time.Duration(e))
}

// exitCode returns the contract's code for an error.
func exitCode(err error) int {
	var (
		coded     codedError
		ended     signalError
		timeout   timeoutError
		privilege *netns.PrivilegeError
		refused   *netns.RefusedError
		undo      *netns.UndoError
		taken     *netns.NSIDError
		unhealthy unhealthyError
		kept      *netns.KeptError
		name      *netns.NameError
		argument  *netns.ArgumentError
		notExist  *netns.NotExistError
		state     *netns.StateError
		busy      *netns.BusyError
		usage     usageError
	)
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &unhealthy):
		return codeUnhealthy
	case errors.As(err, &undo), errors.As(err, &kept):
		return codeRemains
	case errors.As(err, &ended):
		return codeSignal + int(ended.Signal)
	case errors.As(err, &timeout):
		return codeTimeout
	case errors.As(err, &usage), errors.As(err, &name), errors.As(err, &argument):
		return codeUsage
	case errors.As(err, &notExist):
		return codeNotExist
	case errors.As(err, &state), errors.As(err, &taken):
		return codeExists
	case errors.As(err, &busy):
		return codeBusy
	case errors.As(err, &refused): // no privilege is missing
		return codeFailed
	case errors.As(err, &privilege), errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0:
		return codePrivilege
	case errors.Is(err, errors.ErrUnsupported):
		return codeUnsupported
	}
	return codeFailed
}

// endOf returns the exit code for a command that has ended, as a shell has it.
func endOf(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return codeSignal + int(status.Signal())
	}
	return state.ExitCode()
}

// advise adds what to do about an error, where there is something that the error itself cannot know.
func advise(err error, forState map[netns.State]string) error {
	var state *netns.StateError
	var notExist *netns.NotExistError
	var stage *netns.StageError
	var trust *netns.TrustError
	var refused *netns.RefusedError
	advice := ""
	switch {
	case errors.As(err, new(timeoutError)) && !errors.As(err, new(*netns.UndoError)):
		return fmt.Errorf("%w, and nothing is left", err)
	case errors.As(err, &state):
		advice = forState[state.State]
	case errors.As(err, &notExist):
		advice = "netns list shows what there is"
	case errors.As(err, &trust):
		advice = "see that it belongs to root or to you, and that nobody else can write to it (chown, chmod go-w)"
	case errors.As(err, &refused): // sudo would not help
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0:
		advice = "run it with sudo"
	case errors.As(err, &stage) && stage.Stage == "verify" && stage.Namespace != "" && !errors.Is(err, fs.ErrPermission):
		advice = "a sysctl or a stage keeps lo from answering; --verify=false leaves the check out"
	}
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}

// untilSignal returns a context that ends, with a signalError as its cause, when the command is told to end. What cannot
// be rolled back any more is then finished, so the signals stay caught until the process ends. One that was ignored when
// the command started, as by nohup, stays so.
func untilSignal(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	// Caught, a broken pipe is what a write to it returns, and not the end.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	early.Notify(signals)
	go func() {
		var sig os.Signal
		select {
		case sig = <-signals:
		case sig = <-early.Signals: // one that came before
		}
		cancel(signalError{sig.(syscall.Signal)})
	}()
	return ctx
}
