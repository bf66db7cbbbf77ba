package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

// A deletion is what delete is asked to do, and how far it is.
type deletion struct {
	app   string
	dir   *netns.Dir
	path  string // of dir
	force bool
	// lenient says that a name which is not there is fine.
	lenient, several, quiet, kill, wait bool
	signal                              syscall.Signal
	grace, timeout                      time.Duration
	bar                                 *bar
	first                               error // of the names' errors
	waits                               []waiting
}

// A gone name is one that was deleted, with the namespace that it had.
type gone struct {
	name string
	ns   *netns.Namespace
}

func newDeletion(c *cli.Context) (*deletion, error) {
	d := &deletion{
		app:     c.App.Name,
		path:    runDir(c),
		force:   c.Bool("force"),
		lenient: c.Bool("all") || c.Bool("if-exists"),
		quiet:   c.Bool("quiet"),
		kill:    c.IsSet("kill"),
		wait:    c.Bool("wait"),
		grace:   c.Duration("grace"),
		timeout: c.Duration("timeout"),
	}
	switch {
	case c.IsSet("grace") && !d.kill:
		return nil, usageError{"delete: --grace needs --kill"}
	case c.IsSet("timeout") && !d.wait:
		return nil, usageError{"delete: --timeout needs --wait"}
	case d.grace < 0 || d.timeout < 0:
		return nil, usageError{"delete: a time must not be negative"}
	}
	if d.kill {
		if d.signal = signalOf(c.String("kill")); d.signal == 0 {
			return nil, usageError{fmt.Sprintf("delete: --kill: %q is no signal: a name, as TERM or SIGTERM, or a number "+
				"from 1 to 64", c.String("kill"))}
		}
	}
	var err error
	if d.dir, err = netns.OpenDir(d.path); err != nil {
		return nil, fmt.Errorf("delete: %w", err)
	}
	return d, nil
}

// signalOf returns the signal of a name or number, or 0.
func signalOf(word string) syscall.Signal {
	if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= 64 {
		return syscall.Signal(n)
	}
	return unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(word), "SIG"))
}

// checkKill refuses what would kill the machine or netns itself, before anything is done.
func (d *deletion) checkKill(names []string) error {
	if !d.kill {
		return nil
	}
	for _, name := range names {
		ns, err := d.dir.Open(name)
		if err != nil {
			continue // and so will Delete, or it is none and nothing is in it
		}
		err = netns.CheckKill(ns)
		ns.Close()
		if err != nil {
			return codedError{fmt.Errorf("delete: --kill: %w", err), codeUsage}
		}
	}
	return nil
}

// share deletes some of the names. An error is for what ends the whole command.
func (d *deletion) share(ctx context.Context, names []string) (err error) {
	var all []*netns.Namespace
	byName := map[string]*netns.Namespace{}
	defer func() {
		for _, ns := range all {
			ns.Close()
		}
	}()
	for _, name := range names {
		if d.quiet && !d.kill && !d.wait || d.isLink(name) { // nobody asks what it leads to
			continue
		}
		if ns, err := d.dir.Open(name); err == nil {
			all, byName[name] = append(all, ns), ns
		}
	}
	var watch *netns.Witness
	if d.kill && len(all) > 0 {
		err = netns.Kill(ctx, d.signal, d.grace, all...)
	}
	if err == nil && d.wait && len(all) > 0 {
		watch, err = netns.NewWitness(all...)
	}
	if err != nil {
		return advise(fmt.Errorf("delete: %w", err), nil)
	}
	var deleted []gone
	for _, name := range names {
		if ctx.Err() != nil {
			err = fmt.Errorf("delete: %w", context.Cause(ctx))
			break
		}
		d.bar.step()
		removed, failure := d.remove(ctx, name)
		if err = failure; err != nil {
			break
		}
		if ns := byName[name]; ns != nil && removed {
			deleted = append(deleted, gone{name, ns})
		}
	}
	if watch != nil {
		d.waits = append(d.waits, waiting{watch, deleted})
	} else if !d.quiet {
		d.warn(deleted, d.holding(ctx, deleted))
	}
	return err
}

// remove deletes a name. If there are several, it says itself what went wrong with one, and there is no error.
func (d *deletion) remove(ctx context.Context, name string) (removed bool, err error) {
	err = d.dir.Delete(ctx, name, netns.DeleteOptions{Force: d.force, MustExist: true})
	var notExist *netns.NotExistError
	if err == nil || errors.As(err, &notExist) && d.lenient {
		return err == nil, nil
	}
	if left, lookupErr := d.dir.Lookup(name); lookupErr == nil && left.State == netns.Stale {
		err = codedError{fmt.Errorf("%w; it is half removed: netns delete removes the rest", err), codeRemains}
	}
	err = advise(fmt.Errorf("delete %s: %w", printable(name), err), whatToDelete)
	if d.several {
		d.fail(err)
		err = nil
	}
	return false, err
}

// fail says an error, and goes on.
func (d *deletion) fail(err error) {
	d.bar.clear()
	fmt.Fprintf(os.Stderr, "%s: %s\n", d.app, escaped(err.Error()))
	if d.first == nil {
		d.first = codedError{errors.New(""), exitCode(err)} // said already
	}
}

// isLink says whether a name is a symbolic link, as people make them to a container's namespace.
func (d *deletion) isLink(name string) bool {
	info, err := os.Lstat(filepath.Join(d.path, name))
	return err == nil && info.Mode()&os.ModeSymlink != 0
}

func (d *deletion) close() {
	d.bar.clear()
	d.dir.Close()
	for _, w := range d.waits {
		w.watch.Close()
	}
}
