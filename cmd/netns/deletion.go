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
	open                                []*netns.Namespace
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
		return nil, advise(fmt.Errorf("delete: %w", err), nil)
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
func (d *deletion) share(ctx context.Context, names []string) error {
	d.letGo()
	makeRoom(len(names))
	byName := map[string]*netns.Namespace{}
	if d.kill || d.wait {
		for _, name := range names {
			if d.isLink(name) { // nobody asks what it leads to
				continue
			}
			if ns, err := d.dir.Open(name); err == nil {
				d.open, byName[name] = append(d.open, ns), ns
			}
		}
	}
	var watch *netns.Witness
	var err error
	if d.kill && len(d.open) > 0 {
		err = netns.Kill(ctx, d.signal, d.grace, d.open...)
	}
	if err == nil && d.wait && len(d.open) > 0 {
		watch, err = netns.NewWitness(d.open...)
	}
	if err != nil {
		return advise(fmt.Errorf("delete: %w", err), nil)
	}
	var deleted []gone
	err = d.remove(ctx, names, func(name string, ns *netns.Namespace) {
		if ns != nil {
			d.open = append(d.open, ns)
		}
		if watch != nil {
			ns = byName[name]
		}
		if ns != nil {
			deleted = append(deleted, gone{name, ns})
		}
	})
	if watch != nil {
		d.waits = append(d.waits, waiting{watch, deleted})
	} else if !d.quiet {
		d.warn(deleted, d.holding(ctx, deleted))
	}
	return err
}

// makeRoom sees to it that there is room for the descriptors of so many namespaces. The kernel makes it in steps, and in a
// process with threads each takes ten milliseconds (expand_fdtable, synchronize_rcu). This is one, which the first names
// need not wait for.
func makeRoom(names int) {
	const small = 200 // there is room for
	if names > small {
		go func() {
			if fd, err := unix.FcntlInt(os.Stderr.Fd(), unix.F_DUPFD_CLOEXEC, names+small); err == nil {
				unix.Close(fd)
			}
		}()
	}
}

// letGo closes the namespaces, which end then. The last ones are left to the end of the process: the kernel's work would be
// in the way of its threads'.
func (d *deletion) letGo() {
	for _, ns := range d.open {
		ns.Close()
	}
	d.open = nil
}

// atATime is how many names are deleted by one call: enough for it to be worth it, and few enough for the bar to move.
const atATime = 1000

// remove deletes names, and calls removed for each that is gone, with the namespace that it showed, or nil. If there are
// several, it says itself what went wrong with one.
func (d *deletion) remove(ctx context.Context, names []string, removed func(string, *netns.Namespace)) error {
	for len(names) > 0 {
		if ctx.Err() != nil {
			return fmt.Errorf("delete: %w", context.Cause(ctx))
		}
		some := names[:min(atATime, len(names))]
		deleted, err := d.dir.DeleteNames(ctx, some, netns.DeleteOptions{Force: d.force, MustExist: true})
		for i, ns := range deleted {
			d.bar.step()
			removed(some[i], ns)
		}
		names = names[len(deleted):]
		if err == nil || ctx.Err() != nil {
			continue
		}
		d.bar.step()
		if err := d.failed(names[0], err); err != nil {
			return err
		}
		names = names[1:]
	}
	return nil
}

// failed is for a name that could not be deleted. If there are several, it says so, and there is no error.
func (d *deletion) failed(name string, err error) error {
	var notExist *netns.NotExistError
	if errors.As(err, &notExist) && d.lenient {
		return nil
	}
	if left, lookupErr := d.dir.Lookup(name); lookupErr == nil && left.State == netns.Stale {
		err = codedError{fmt.Errorf("%w; it is half removed: netns delete removes the rest", err), codeRemains}
	}
	err = advise(fmt.Errorf("delete %s: %w", printable(name), err), whatToDelete)
	if !d.several {
		return err
	}
	d.fail(err)
	return nil
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
