package netns

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/netns-go/netns/internal/thread"
	"github.com/netns-go/netns/persist"
)

// An Entry is a name in a run directory, with its state. Its fields:
//   - Name string
//   - State State
//   - Stage string: the stage that failed, if State is [Kept]
//   - Inode uint64: the [Namespace.ID], if State is [Ready] or [Kept], else 0
//   - PID int: the process that makes the namespace, if State is [InProgress]
type Entry = persist.Entry

// A State is the state of a name in a run directory. It is a string.
type State = persist.State

// The states of a name.
const (
	Ready        = persist.Ready        // a namespace is mounted, or a link leads to one
	Kept         = persist.Kept         // a namespace is mounted, but incomplete: a Create with KeepOnFail failed
	InProgress   = persist.InProgress   // a living transaction is about to mount a namespace, or to withdraw it
	Stale        = persist.Stale        // a dead transaction left the name; the next Create repairs it
	Unmounted    = persist.Unmounted    // the namespace was complete, and was unmounted by hand in this mount namespace
	Elsewhere    = persist.Elsewhere    // the namespace was complete, and may be mounted in another mount namespace
	Foreign      = persist.Foreign      // another tool's empty file without a namespace: half-made or left behind
	Incompatible = persist.Incompatible // another version of this module made the name
	Unreadable   = persist.Unreadable   // nothing is mounted, and the caller may not read more, or not follow the link
)

// The states of a name that has nothing to do with network namespaces. [Dir.Delete] removes a symbolic link, and refuses the
// others, even with Force.
const (
	Directory      = persist.Directory
	File           = persist.File // with content
	FIFO           = persist.FIFO
	Socket         = persist.Socket
	Device         = persist.Device
	OtherLink      = persist.OtherLink      // a symbolic link to anything but a network namespace
	BrokenLink     = persist.BrokenLink     // a symbolic link whose target is missing
	LoopingLink    = persist.LoopingLink    // a symbolic link that leads in a circle
	OtherNamespace = persist.OtherNamespace // a namespace of another type is mounted
)

// Open opens a namespace in [DefaultDir] by its name, see [Dir.Open].
func Open(name string) (*Namespace, error) {
	d := inDefault()
	defer d.Close()
	return d.Open(name)
}

// Open opens a namespace by its name, whatever tool made it. If a transaction is about to mount the namespace, Open waits a
// moment. It needs no privilege. It returns a *[NameError], a *[NotExistError], or a *[StateError] if the name shows no network
// namespace.
func (d *Dir) Open(name string) (*Namespace, error) {
	s, err := d.acquireFor(name)
	if err != nil {
		return nil, err
	}
	defer s.release()
	f, err := s.Namespace(context.Background(), name)
	return opened(s.Path(name), f, err)
}

// List returns the entries of [DefaultDir], see [Dir.List].
func List() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		d := inDefault()
		defer d.Close()
		d.List()(yield)
	}
}

// List returns the entries of the directory, sorted by name. It leaves out names that are deleted meanwhile. An error ends the
// iteration. List needs privilege to tell all states apart: without it, [Kept] namespaces are [Ready], and the state of a name
// that is not mounted is [Unreadable].
func (d *Dir) List() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		entries, err := d.entries()
		for _, entry := range entries {
			if !yield(entry, nil) {
				return
			}
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// Names returns the names in the directory, sorted, whatever their states. It needs no privilege.
func (d *Dir) Names() ([]string, error) {
	s, err := d.acquire()
	if s == nil {
		return nil, err
	}
	defer s.release()
	return s.Names()
}

// Lookup returns the state of a name. It returns a *[NameError] or a *[NotExistError].
func (d *Dir) Lookup(name string) (Entry, error) {
	s, err := d.acquireFor(name)
	if err != nil {
		return Entry{}, err
	}
	defer s.release()
	return s.Lookup(name)
}

// LookupOpen is [Dir.Lookup] and [Dir.Open] at once, without waiting: the entry describes the namespace. The namespace is
// nil if the name shows no network namespace, shows another one now, or cannot be opened. The errors are those of Lookup.
//
// LookupOpen is for many names: only if it finds no namespace does it look whether the path leads to another directory now.
func (d *Dir) LookupOpen(name string) (Entry, *Namespace, error) {
	entry, ns, err := d.lookupOpen(name, d.acquireOpen)
	if ns == nil {
		return d.lookupOpen(name, d.acquire)
	}
	return entry, ns, err
}

func (d *Dir) lookupOpen(name string, acquire func() (*sharedStore, error)) (Entry, *Namespace, error) {
	s, err := d.acquireBy(name, acquire)
	if err != nil {
		return Entry{}, nil, err
	}
	defer s.release()
	entry, f, err := s.LookupOpen(name)
	if f == nil {
		return entry, nil, err
	}
	return entry, &Namespace{s.Path(name), f, entry.Inode}, nil
}

// NamesOf returns all names in the directory that an open namespace has, sorted. It needs no privilege. For the names of a
// process's namespace, open that with [OpenPID].
func (d *Dir) NamesOf(ns *Namespace) ([]string, error) {
	if err := thread.CheckOpen(ns.thread()); err != nil {
		return nil, err
	}
	s, err := d.acquire()
	if s == nil {
		return nil, err
	}
	defer s.release()
	return s.NamesOf(ns.file)
}

// namesPerThread is how many names are worth a further thread to look at them.
const namesPerThread = 64

// entries returns the entries of the directory, sorted by name.
func (d *Dir) entries() ([]Entry, error) {
	s, err := d.acquire()
	if s == nil {
		return nil, err
	}
	defer s.release()
	names, err := s.Names()
	if err != nil {
		return nil, err
	}
	threads := max(1, min(runtime.GOMAXPROCS(0), len(names)/namesPerThread))
	parts, errs := make([][]Entry, threads), make([]error, threads)
	var all sync.WaitGroup
	for t := range threads {
		all.Go(func() {
			parts[t], errs[t] = lookUp(s.Store, names[len(names)*t/threads:len(names)*(t+1)/threads])
		})
	}
	all.Wait()
	return slices.Concat(parts...), cmp.Or(errs...)
}

// lookUp returns the entries of names, without those that are deleted meanwhile.
func lookUp(s *persist.Store, names []string) (entries []Entry, err error) {
	for _, name := range names {
		entry, ns, err := s.LookupOpen(name) // which is faster than Lookup for a namespace
		ns.Close()                           // also if it is nil
		if _, gone := errors.AsType[*NotExistError](err); gone {
			continue
		}
		if err != nil {
			return entries, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
