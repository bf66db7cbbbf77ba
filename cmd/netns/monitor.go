package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

func init() { register(monitorCommand) }

func monitorCommand() *cli.Command {
	return &cli.Command{
		Name:  "monitor",
		Usage: "show the namespaces that come and go",
		Description: "Each line is `add NAME` or `delete NAME`, written at once. A namespace is added when it is\n" +
			"mounted, and deleted when its name is gone. It ends by a signal, or when nobody reads its output any\n" +
			"more. Needs no privilege.\n\n" +
			"   netns monitor\n   netns monitor -o json | jq --unbuffered -r .name",
		Flags:  []cli.Flag{outputFlag("json")},
		Action: monitor,
	}
}

func monitor(c *cli.Context) error {
	if c.Args().Present() {
		return usageError{"monitor: takes no names; see netns monitor --help"}
	}
	format, err := formatOf(c, "json")
	if err != nil {
		return err
	}
	ctx := untilUnread(untilSignal(c.Context))
	done := make(chan error, 1)
	go func() { done <- printChanges(ctx, c, format) }()
	select {
	case err = <-done:
	case <-ctx.Done(): // also while a write waits for somebody to read
	}
	switch ended := context.Cause(ctx); {
	case errors.Is(err, unix.EPIPE), ended == errUnread:
		return nil
	case err == nil: // to end by a signal is what it is for, and no failure to be told
		return codedError{errors.New(""), exitCode(ended)}
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
func printChanges(ctx context.Context, c *cli.Context, format string) error {
	for change, err := range netns.Watch(ctx, runDir(c), false) {
		if err != nil {
			return advise(fmt.Errorf("monitor: %w", err), nil)
		}
		event := "delete"
		if change.Added {
			event = "add"
		}
		text := event + " " + printable(change.Name) + "\n"
		if format == "json" {
			path := filepath.Join(runDir(c), change.Name)
			if text, err = jsonText(c, changeJSON{jsonVersion, event, change.Name, path}); err != nil {
				return err
			}
		}
		if err := output(c, text, "monitor: standard output could not be written"); err != nil {
			return err
		}
	}
	return nil
}

// errUnread is why a context of untilUnread ended.
var errUnread = errors.New("nobody reads standard output")

// untilUnread returns a context that also ends, with errUnread as its cause, when nobody can read any more what is
// written to standard output, as when it is a pipe and the other end was closed.
func untilUnread(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		stdout := []unix.PollFd{{Fd: int32(syscall.Stdout)}} // POLLERR and POLLHUP come unasked
		err := error(unix.EINTR)
		for err == unix.EINTR {
			_, err = unix.Poll(stdout, -1)
		}
		if err == nil {
			cancel(errUnread)
		}
	}()
	return ctx
}
