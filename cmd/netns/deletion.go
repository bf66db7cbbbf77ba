package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// checkKill refuses what would kill the machine or netns itself, or leave processes that cannot be seen, before anything is
// done.
func (d *deletion) checkKill(names []string) error {
	if !d.kill {
		return nil
	}
	for some := range slices.Chunk(names, atOnce(true)) {
		d.openAll(some) // what cannot be opened Delete will refuse, or it is none and nothing is in it
		for _, ns := range d.open {
			if err := netns.CheckKill(ns); err != nil {
				return d.refused(err)
			}
		}
		if err := netns.CheckSight(d.open...); err != nil && !d.mayMiss(err) {
			return d.refused(err)
		}
		d.letGo()
	}
	return nil
}

// mayMiss reports whether an error is about processes that need not be killed, since nobody sees them.
func (d *deletion) mayMiss(err error) bool {
	var hidden *netns.HiddenError
	return d.force && errors.As(err, &hidden)
}

// refused explains why nobody is killed.
func (d *deletion) refused(err error) error {
	err = advise(fmt.Errorf("delete: --kill: %w", err), nil)
	var vital *netns.VitalError
	var hidden *netns.HiddenError
	switch {
	case errors.As(err, &vital):
		return codedError{err, codeUsage}
	case errors.As(err, &hidden):
		return codedError{fmt.Errorf("%w; run it where they are seen, or use --force, which kills only what is seen", err), codeRemains}
	}
	return err
}

// openAll opens some of the names. A symbolic link is not, since nobody asks what it leads to.
func (d *deletion) openAll(names []string) map[string]*netns.Namespace {
	byName := map[string]*netns.Namespace{}
	for _, name := range names {
		if d.isLink(name) {
			continue
		}
		if ns, err := d.dir.Open(name); err == nil {
			d.open, byName[name] = append(d.open, ns), ns
		}
	}
	return byName
}

// share deletes some of the names. An error is for what ends the whole command.
func (d *deletion) share(ctx context.Context, names []string) error {
	d.letGo()
	makeRoom(len(names))
	if !d.kill && !d.wait {
		var deleted []gone
		err := d.remove(ctx, names, func(name string, ns *netns.Namespace) {
			if ns != nil {
				d.open, deleted = append(d.open, ns), append(deleted, gone{name, ns})
			}
		})
		d.warnOf(ctx, deleted)
		return err
	}
	byName := d.openAll(names)
	if err := d.endProcesses(ctx); err != nil {
		return err
	}
	var watch *netns.Witness
	if d.wait && len(d.open) > 0 {
		var err error
		if watch, err = netns.NewWitness(d.open...); err != nil {
			return advise(fmt.Errorf("delete: %w", err), nil)
		}
	}
	deleted, err := d.removeOpen(ctx, names, byName)
	if watch != nil {
		d.waits = append(d.waits, waiting{watch, deleted})
	} else {
		d.warnOf(ctx, deleted)
	}
	return err
}

// endProcesses kills what is in the open namespaces, if that was asked for.
func (d *deletion) endProcesses(ctx context.Context) error {
	if !d.kill || len(d.open) == 0 {
		return nil
	}
	kill := netns.Kill
	if d.force {
		kill = netns.KillSeen
	}
	if err := kill(ctx, d.signal, d.grace, d.open...); err != nil {
		return d.refused(err)
	}
	return nil
}

// warnOf says what holds the namespaces whose names are gone.
func (d *deletion) warnOf(ctx context.Context, deleted []gone) {
	if !d.quiet {
		d.warn(deleted, d.holding(ctx, deleted))
	}
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

// removeOpen is remove for names of which those that showed a namespace were opened before. What has been done in between
// was done to these namespaces, so another one that has the name by now is left alone.
func (d *deletion) removeOpen(ctx context.Context, names []string, open map[string]*netns.Namespace) (deleted []gone, err error) {
	for _, name := range names {
		ns := open[name]
		delete(open, name) // it may be given twice
		var failure error
		switch {
		case ctx.Err() != nil:
			return deleted, fmt.Errorf("delete: %w", context.Cause(ctx))
		case ns != nil:
			failure = d.removeShown(ctx, name, ns)
		case d.kill && d.isNew(name):
			failure = fmt.Errorf("%w when delete began; the one that was made since then is left",
				&netns.NotExistError{Path: filepath.Join(d.path, name)})
		default:
			_, failure = d.dir.DeleteNames(ctx, []string{name}, netns.DeleteOptions{Force: d.force, MustExist: true})
		}
		d.bar.step()
		if failure != nil {
			if err := d.failed(name, failure); err != nil {
				return deleted, err
			}
		} else if ns != nil {
			deleted = append(deleted, gone{name, ns})
		}
	}
	return deleted, nil
}

// removeShown deletes a name as long as it shows an open namespace. If it does not any more, somebody else has deleted that
// name meanwhile: that is what was asked for, and it is said.
func (d *deletion) removeShown(ctx context.Context, name string, ns *netns.Namespace) error {
	err := d.dir.DeleteShown(ctx, name, ns)
	var notExist *netns.NotExistError
	if !errors.As(err, &notExist) {
		return err
	}
	if !d.quiet {
		d.bar.clear()
		fmt.Fprintf(os.Stderr, "netns: warning: %s: another process has removed the name meanwhile%s\n", escaped(printable(name)), d.successor(name))
	}
	return nil
}

// successor says that a name has been given again, or "".
func (d *deletion) successor(name string) string {
	if _, err := d.dir.Lookup(name); err != nil {
		return ""
	}
	return "; what has it now is left alone"
}

// isNew reports whether a name shows a network namespace.
func (d *deletion) isNew(name string) bool {
	if d.isLink(name) {
		return false
	}
	_, ns, err := d.dir.LookupOpen(name)
	if ns != nil {
		ns.Close()
	}
	return err == nil && ns != nil
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

// isLink reports whether a name is a symbolic link, as people make them to a container's namespace.
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
