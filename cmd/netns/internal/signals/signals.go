// Package signals decides what a signal that tells the command to end does: it ends the work of netns itself, which is then
// rolled back or finished, or it is passed on to the commands that netns waits for.
package signals

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// An Error reports that a signal ended the command. It is the cause of [Context].
type Error struct{ syscall.Signal }

func (e Error) Error() string { return "ended by signal: " + e.Signal.String() }

// Ending are the signals that tell a command to end.
var Ending = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}

// Context returns the context of this process that ends, with an [Error] as its cause, when a signal tells the command to
// end. The signals stay caught until the process ends, so what can no longer be rolled back is finished.
var Context = sync.OnceValue(func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	// If SIGPIPE is caught, a write to a broken pipe returns an error and does not end the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	caught := make(chan os.Signal, 1)
	for _, sig := range Ending {
		if !signal.Ignored(sig) { // as nohup does, see Respect
			signal.Notify(caught, sig)
		}
	}
	go func() { cancel(Error{(<-caught).(syscall.Signal)}) }()
	return ctx
})

// Parse returns the signal of a name (TERM, SIGTERM) or a number from 1 to 64, or 0.
func Parse(word string) syscall.Signal {
	if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= 64 {
		return syscall.Signal(n)
	}
	return unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(word), "SIG"))
}
