package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
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

	bar   *term.Bar
	first error // has the code of the first name that failed
	open  []*netns.Namespace
	waits []waiting
}

// listed returns the names that delete's arguments mean. Scripts pass lines of list on, NAME (id: N), as three words or as one.
// ip takes the three for NAME, because it ignores all but the first. One word means NAME only if nothing has the whole word as
// its name, and if NAME has the id N: it may be a name that is gone already.
func (d *deletion) listed() (names []string) {
	for words := d.args; len(words) > 0; words = words[1:] {
		name := words[0]
		if before, id, ok := splitLine(name); ok && !d.exists(name) && d.hasID(before, id) {
			name = before
		} else if len(words) > 2 {
			if _, _, ok := splitLine(strings.Join(words[:3], " ")); ok && words[1] == "(id:" {
				words = words[2:]
			}
		}
		names = append(names, name)
	}
	return names
}

// splitLine splits a line of list, NAME (id: N), and reports whether the text is one.
func splitLine(text string) (name string, id int, ok bool) {
	i := strings.LastIndex(text, " (id: ")
	if i < 1 {
		return "", 0, false
	}
	_, err := fmt.Sscanf(text[i:], " (id: %d)", &id)
	return text[:i], id, err == nil && text[i:] == fmt.Sprintf(" (id: %d)", id)
}

func (d *deletion) exists(name string) bool {
	_, err := d.dir.Lookup(name)
	return !is[*netns.NotExistError](err)
}

// hasID reports whether the caller's namespace has this id for the namespace that a name shows.
func (d *deletion) hasID(name string, id int) bool {
	ns, err := d.dir.Open(name)
	if err != nil {
		return false
	}
	defer ns.Close()
	has, assigned, err := ns.NSID()
	return err == nil && assigned && has == id
}

// A gone is a name that was deleted, with the namespace that it had.
type gone struct {
	name string
	ns   *netns.Namespace
}

// A waiting is the watch for the end of the namespaces of some names, and the names that were deleted.
type waiting struct {
	watch *holders.Witness
	gone  []gone
}

// atOnce returns how many names are deleted together. Their namespaces are open meanwhile, for two reasons. An open one cannot
// be mistaken for a later one with the same number. And the kernel would take the first ones down while it unmounts the others,
// and each would wait for the readers of the other (synchronize_rcu_expedited). Namespaces that are opened before they are
// deleted are open twice.
func (d *deletion) atOnce() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1
	}
	if d.kill || d.wait {
		limit.Cur /= 2
	}
	return int(max(1, min(4096, limit.Cur/2)))
}

// openAll opens some of the names. It leaves symbolic links out: delete removes only the link.
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

// remove deletes names with a function that deletes the first of some names, and perhaps more. That function returns a namespace
// or nil for each deleted name, and the error of the next name. Remove reports such an error, and goes on until the context ends.
func (d *deletion) remove(names []string, deleteSome func([]string) ([]*netns.Namespace, error)) (all []gone, err error) {
	for len(names) > 0 {
		if d.ctx.Err() != nil {
			return all, fmt.Errorf("delete: %w", context.Cause(d.ctx))
		}
		deleted, err := deleteSome(names)
		for i, ns := range deleted {
			d.bar.Step()
			if ns != nil {
				all = append(all, gone{names[i], ns})
			}
		}
		names = names[len(deleted):]
		if err != nil && d.ctx.Err() == nil {
			d.bar.Step()
			d.failed(names[0], err)
			names = names[1:]
		}
	}
	return all, nil
}

// deleteNames deletes names until one fails, and leaves their namespaces open.
func (d *deletion) deleteNames(names []string) ([]*netns.Namespace, error) {
	const atATime = 1000 // enough to save time, and few enough for the bar to move
	names = names[:min(atATime, len(names))]
	deleted, err := d.dir.DeleteNames(d.ctx, names, netns.DeleteOptions{Force: d.force, MustExist: true})
	for _, ns := range deleted {
		if ns != nil {
			d.open = append(d.open, ns)
		}
	}
	return deleted, err
}

// deleteOpen deletes a name whose namespace was opened before. Processes were killed in that namespace, so another namespace that
// has the name now is left alone.
func (d *deletion) deleteOpen(name string, open map[string]*netns.Namespace) ([]*netns.Namespace, error) {
	ns := open[name]
	delete(open, name) // a name may be given twice
	switch {
	case ns == nil && d.kill && d.isNew(name):
		return nil, fmt.Errorf("%w when delete began; a new namespace has since taken the name and was left alone",
			&netns.NotExistError{Path: d.pathOf(name)})
	case ns == nil:
		return d.deleteNames([]string{name})
	}
	if err := d.deleteShown(name, ns); err != nil {
		return nil, err
	}
	return []*netns.Namespace{ns}, nil
}

// deleteShown deletes a name as long as it shows an open namespace. If it shows another one, or none, another process has
// deleted the name, as was asked for. That is a warning, not an error.
func (d *deletion) deleteShown(name string, ns *netns.Namespace) error {
	err := d.dir.DeleteShown(d.ctx, name, ns)
	if !is[*netns.NotExistError](err) {
		return err
	}
	if d.quiet {
		return nil
	}
	successor := ""
	if _, err := d.dir.Lookup(name); err == nil {
		successor = "; the name exists again and was left alone"
	}
	d.bar.Clear()
	fmt.Fprintf(os.Stderr, "netns: warning: %s: another process removed the name first%s\n", term.Printable(name), successor)
	return nil
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

// failed reports the error of a name, unless the name is missing and may be.
func (d *deletion) failed(name string, err error) {
	if d.lenient && is[*netns.NotExistError](err) {
		return
	}
	switch left, lookupErr := d.dir.Lookup(name); {
	case lookupErr != nil:
	case left.State == netns.Stale:
		err = codedError{fmt.Errorf("%w; it is half removed: netns delete removes the rest", err), codeRemains}
	case left.State == netns.Foreign && is[*netns.BusyError](err) && !d.force:
		err = fmt.Errorf("%w; %s", err, adviceForYoung)
	}
	d.fail(advise(fmt.Errorf("delete %s: %w", term.Printable(name), err), whatToDelete))
}

// fail reports an error, after which delete goes on.
func (d *deletion) fail(err error) {
	d.bar.Clear()
	d.first = cmp.Or(d.first, reported(said(err)))
}

// isLink reports whether a name is a symbolic link, such as administrators make to a container's namespace.
func (d *deletion) isLink(name string) bool {
	info, err := os.Lstat(d.pathOf(name))
	return err == nil && info.Mode()&os.ModeSymlink != 0
}

func (d *deletion) close() {
	if d.inBatch { // in which other lines follow
		d.letGo()
	}
	d.bar.Clear()
	for _, w := range d.waits {
		w.watch.Close()
	}
}
