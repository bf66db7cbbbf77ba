package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/holders"
	"golang.org/x/sys/unix"
)

// A deletion is a call of delete.
type deletion struct {
	*env
	force, all, kill, wait bool
	lenient                bool // a missing name is fine
	signal                 syscall.Signal
	grace, timeout         time.Duration

	several bool // there are several names
	bar     *term.Bar
	first   error // has the code of the first name that failed
	open    []*netns.Namespace
	waits   []waiting
}

// A gone is a name that was deleted, with the namespace that it had.
type gone struct {
	name string
	ns   *netns.Namespace
}

// deleteAll deletes the names, a share at once.
func (d *deletion) deleteAll(names []string) error {
	if d.inBatch { // in which other lines follow
		defer d.letGo()
	}
	if err := d.checkKill(names); err != nil {
		return err
	}
	for share := range slices.Chunk(names, atOnce(d.kill || d.wait)) {
		if err := d.share(share); err != nil {
			return err
		}
	}
	if err := d.waitForAll(); err != nil {
		return err
	}
	return d.first
}

// atOnce returns how many names are deleted together. Their namespaces are open meanwhile, for two reasons. An open one cannot
// be mistaken for a later one with the same number. And the kernel would take the first ones down while it unmounts the others,
// and each would wait for the readers of the other (synchronize_rcu_expedited). Namespaces that are opened before they are
// deleted are open twice.
func atOnce(twice bool) int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1
	}
	if twice {
		limit.Cur /= 2
	}
	return int(max(1, min(4096, limit.Cur/2)))
}

// share deletes some of the names. An error ends the whole command.
func (d *deletion) share(names []string) error {
	d.letGo()
	makeRoom(len(names))
	if !d.kill && !d.wait {
		var deleted []gone
		err := d.remove(names, func(name string, ns *netns.Namespace) {
			if ns != nil {
				d.open, deleted = append(d.open, ns), append(deleted, gone{name, ns})
			}
		})
		d.warnOf(deleted)
		return err
	}
	byName := d.openAll(names)
	if err := d.endProcesses(); err != nil {
		return err
	}
	var watch *holders.Witness
	if d.wait && len(d.open) > 0 {
		var err error
		if watch, err = holders.NewWitness(d.open...); err != nil {
			return advise(fmt.Errorf("delete: %w", err), nil)
		}
	}
	deleted, err := d.removeOpen(names, byName)
	if watch != nil {
		d.waits = append(d.waits, waiting{watch, deleted})
	} else {
		d.warnOf(deleted)
	}
	return err
}

// makeRoom makes room for the descriptors of the names' namespaces. The kernel would make it in several steps, each of which
// waits in a process with threads (expand_fdtable, synchronize_rcu). This is one step, and the first names need not wait for it.
func makeRoom(names int) {
	const small = 200 // the kernel has made room for this many
	if names > small {
		go func() {
			if fd, err := unix.FcntlInt(os.Stderr.Fd(), unix.F_DUPFD_CLOEXEC, names+small); err == nil {
				unix.Close(fd)
			}
		}()
	}
}

// letGo closes the namespaces, which end then. The last ones are closed by the end of the process, because the kernel's work
// would slow its threads down.
func (d *deletion) letGo() {
	for _, ns := range d.open {
		ns.Close()
	}
	d.open = nil
}

// atATime is how many names one call deletes: enough to save time, and few enough for the bar to move.
const atATime = 1000

// remove deletes names, and calls removed for each deleted one, with the namespace that it showed, or nil. If delete was given
// several names, remove reports failures, and goes on.
func (d *deletion) remove(names []string, removed func(string, *netns.Namespace)) error {
	for len(names) > 0 {
		if d.ctx.Err() != nil {
			return fmt.Errorf("delete: %w", context.Cause(d.ctx))
		}
		some := names[:min(atATime, len(names))]
		deleted, err := d.deleteNames(some)
		for i, ns := range deleted {
			d.bar.Step()
			removed(some[i], ns)
		}
		names = names[len(deleted):]
		if err == nil || d.ctx.Err() != nil {
			continue
		}
		d.bar.Step()
		if err := d.failed(names[0], err); err != nil {
			return err
		}
		names = names[1:]
	}
	return nil
}

func (d *deletion) deleteNames(names []string) ([]*netns.Namespace, error) {
	return d.dir.DeleteNames(d.ctx, names, netns.DeleteOptions{Force: d.force, MustExist: true})
}

// removeOpen is remove for names whose namespaces were opened before. Processes were killed in these namespaces, so another
// namespace that has the name now is left alone.
func (d *deletion) removeOpen(names []string, open map[string]*netns.Namespace) (deleted []gone, err error) {
	for _, name := range names {
		ns := open[name]
		delete(open, name) // a name may be given twice
		var failure error
		switch {
		case d.ctx.Err() != nil:
			return deleted, fmt.Errorf("delete: %w", context.Cause(d.ctx))
		case ns != nil:
			failure = d.removeShown(name, ns)
		case d.kill && d.isNew(name):
			failure = fmt.Errorf("%w when delete began; a new namespace has since taken the name and was left alone",
				&netns.NotExistError{Path: d.pathOf(name)})
		default:
			_, failure = d.deleteNames([]string{name})
		}
		d.bar.Step()
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

// removeShown deletes a name as long as it shows an open namespace. If it shows another one, or none, another process has
// deleted the name, as was asked for. That is a warning, not an error.
func (d *deletion) removeShown(name string, ns *netns.Namespace) error {
	err := d.dir.DeleteShown(d.ctx, name, ns)
	if !is[*netns.NotExistError](err) {
		return err
	}
	if !d.quiet {
		d.bar.Clear()
		fmt.Fprintf(os.Stderr, "netns: warning: %s: another process removed the name first%s\n", term.Printable(name), d.successor(name))
	}
	return nil
}

// successor returns an addition to that warning if the name exists again, or "".
func (d *deletion) successor(name string) string {
	if _, err := d.dir.Lookup(name); err != nil {
		return ""
	}
	return "; the name exists again and was left alone"
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

// failed handles the error of a name. If delete was given several names, failed reports the error, and returns nil.
func (d *deletion) failed(name string, err error) error {
	if d.lenient && is[*netns.NotExistError](err) {
		return nil
	}
	if left, lookupErr := d.dir.Lookup(name); lookupErr == nil && left.State == netns.Stale {
		err = codedError{fmt.Errorf("%w; it is half removed: netns delete removes the rest", err), codeRemains}
	}
	err = advise(fmt.Errorf("delete %s: %w", term.Printable(name), err), whatToDelete)
	if !d.several {
		return err
	}
	d.fail(err)
	return nil
}

// fail reports an error, after which delete goes on.
func (d *deletion) fail(err error) {
	d.bar.Clear()
	code := said(err)
	if d.first == nil {
		d.first = reported(code)
	}
}

// isLink reports whether a name is a symbolic link, such as administrators make to a container's namespace.
func (d *deletion) isLink(name string) bool {
	info, err := os.Lstat(d.pathOf(name))
	return err == nil && info.Mode()&os.ModeSymlink != 0
}

func (d *deletion) close() {
	d.bar.Clear()
	for _, w := range d.waits {
		w.watch.Close()
	}
}
