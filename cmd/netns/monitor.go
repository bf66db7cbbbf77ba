package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

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
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "timestamp", Aliases: []string{"t"}, Usage: "print the time before each line, like ip monitor -t"},
			&cli.BoolFlag{Name: "tshort", Aliases: []string{"ts"}, Usage: "begin each line with the time, like ip monitor -ts"},
		},
	}, run: func(e *env, o *cli.Context) error {
		switch {
		case o.Bool("tshort"):
			return monitor(e, shortTime)
		case o.Bool("timestamp"):
			return monitor(e, longTime)
		}
		return monitor(e, nil)
	}}
}

// The forms of a time are those of ip (print_timestamp in iproute2's lib/utils.c), with local time.
func longTime(t time.Time) string {
	return fmt.Sprintf("Timestamp: %s %d usec\n", t.Format(time.ANSIC), t.Nanosecond()/1000)
}

func shortTime(t time.Time) string { return t.Format("[2006-01-02T15:04:05.000000] ") }

// monitor prints changes, each with its time as stamp writes it, or without times if stamp is nil.
func monitor(e *env, stamp func(time.Time) string) (err error) {
	e.ctx = untilUnread(e.ctx)
	done := make(chan error, 1)
	go func() { done <- printChanges(e, stamp) }()
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
	Time    string `json:"time,omitempty"` // as in RFC 3339; with --timestamp or --tshort only
}

// printChanges returns nil when the context ends.
func printChanges(e *env, stamp func(time.Time) string) error {
	for change, err := range e.dir.Watch(e.ctx, netns.WatchOptions{}) {
		if err != nil {
			return advise(fmt.Errorf("monitor: %w", err), nil)
		}
		event := "delete"
		if change.Added {
			event = "add"
		}
		if err := printChange(e, event, change.Name, stamp); err != nil {
			return fmt.Errorf("monitor: %w", err)
		}
	}
	return nil
}

// printChange prints a change that monitor has just seen.
func printChange(e *env, event, name string, stamp func(time.Time) string) error {
	now, long, short := time.Now(), "", ""
	if stamp != nil {
		long, short = now.Format("2006-01-02T15:04:05.000000Z07:00"), stamp(now)
	}
	if e.format == "json" {
		return e.printJSON(changeJSON{jsonVersion, event, name, e.pathOf(name), long})
	}
	return e.print(short + event + " " + term.Printable(name) + "\n")
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
