package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/internal/sys"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

func monitorVerb() verb {
	return verb{finishes: true, formats: []string{"json"}, Command: &cli.Command{
		Name:  "monitor",
		Usage: "report each namespace that comes or goes",
		Description: "Prints `add NAME` when a namespace is mounted, and `delete NAME` when its name is gone, each line at once.\n" +
			"Monitor ends on a signal, or when its output has no reader. It needs no privilege.\n\n   netns monitor\n" +
			"   netns monitor -o json | jq --unbuffered -r .name",
	}, run: func(e *env, _ *cli.Context) error { return monitor(e) }}
}

func monitor(e *env) (err error) {
	e.ctx = untilUnread(e.ctx)
	done := make(chan error, 1)
	go func() { done <- printChanges(e) }()
	select {
	case err = <-done:
	case <-e.ctx.Done(): // also while a write waits for a reader
	}
	switch ended := context.Cause(e.ctx); {
	case errors.Is(err, unix.EPIPE), ended == errUnread:
		return nil
	case err == nil: // the end by a signal is not a failure, and needs no message
		return reported(exitCode(ended))
	}
	return err
}

// A changeJSON is a line of what -o json prints.
type changeJSON struct {
	Version int    `json:"version"`
	Event   string `json:"event"`
	Name    string `json:"name"`
	Path    string `json:"path"`
}

// printChanges returns nil when the context ends.
func printChanges(e *env) error {
	for change, err := range e.dir.Watch(e.ctx, netns.WatchOptions{}) {
		if err != nil {
			return advise(fmt.Errorf("monitor: %w", err), nil)
		}
		event := "delete"
		if change.Added {
			event = "add"
		}
		if e.format == "json" {
			err = e.printJSON(changeJSON{jsonVersion, event, change.Name, e.pathOf(change.Name)})
		} else {
			err = e.print(event + " " + term.Printable(change.Name) + "\n")
		}
		if err != nil {
			return fmt.Errorf("monitor: %w", err)
		}
	}
	return nil
}

// errUnread is the cause of a context of untilUnread.
var errUnread = errors.New("standard output has no reader")

// untilUnread returns a context that also ends, with errUnread as its cause, when standard output can have no reader any more: a
// pipe whose other end was closed, for instance.
func untilUnread(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		stdout := []unix.PollFd{{Fd: int32(syscall.Stdout)}} // POLLERR and POLLHUP need not be asked for
		if _, err := sys.AgainInt(func() (int, error) { return unix.Poll(stdout, -1) }); err == nil {
			cancel(errUnread)
		}
	}()
	return ctx
}
