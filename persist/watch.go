//go:build linux

package persist

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"
	"slices"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Watch reports each network namespace that is added to or deleted from a run directory ("" for the default one). Package netns
// says at Dir.Watch what it promises. Besides that, unmounting alone does not delete a namespace, and Watch does not report a
// name that never shows one. A symbolic link to a namespace counts as one. Watch looks at a dangling link again at each mount.
// Removing the directory deletes the namespaces in it, and making it again adds those in it.
//
// A waiting Watch takes a thread. It needs only the right to read the directory and the one above. It ends with an error that
// is a *[TrustError], matches [fs.ErrNotExist] if the directory above is missing, or comes from the kernel.
func Watch(ctx context.Context, dir string, o WatchOptions) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if err := watch(ctx, dir, o.Existing, func(c Change) bool { return yield(c, nil) }); err != nil {
			yield(Change{}, err)
		}
	}
}

func watch(ctx context.Context, dir string, existing bool, tell func(Change) bool) error {
	dir, err := DirPath(dir)
	if err != nil {
		return err
	}
	notices, err := openNotices()
	if err != nil {
		return err
	}
	defer notices.close()
	defer context.AfterFunc(ctx, func() { notices.wake.Write(binary.NativeEndian.AppendUint64(nil, 1)) })()

	w := &watcher{dir: dir, notices: notices, above: none, watched: none}
	w.shown, w.pending = map[string]bool{}, map[string]int{}
	for report := existing; ctx.Err() == nil; report = true {
		settled, err := w.update()
		changes := w.changes
		w.changes = nil
		slices.SortStableFunc(changes, func(a, b numbered) int { return a.event - b.event })
		for _, c := range changes {
			if report && (ctx.Err() != nil || !tell(c.Change)) {
				return nil
			}
		}
		if err == nil && settled {
			err = notices.wait()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A watcher knows which names of a run directory show a namespace.
type watcher struct {
	dir            string
	notices        *notices
	above, watched int  // the watches of the directory above, and of the run directory
	incomplete     bool // it must be listed, because it is new or events are missing

	shown   map[string]bool // names that showed a namespace, and have existed since
	pending map[string]int  // other names that may exist, with the number of the last event about them
	events  int             // the number of the last event
	changes []numbered      // not reported yet
}

// A numbered change has the number of the event that made it.
type numbered struct {
	Change
	event int
}

// update looks at the directory and reads the events. If events came meanwhile, it has not settled, and the caller must call it
// again.
//
// update does not keep the run directory open, because then no process could unmount it. Once the directory is mounted onto
// itself, opening it leads to the upper mount, where the namespaces are. The watch is on the inode of both.
func (w *watcher) update() (settled bool, err error) {
	dir, err := w.attach()
	if err != nil {
		return false, err
	}
	showing := map[string]int{}
	if dir != nil {
		defer dir.Close()
		if showing, err = w.look(dir); err != nil {
			return false, err
		}
	}
	before := w.events
	if err := w.notices.read(w.apply); err != nil {
		return false, err
	}
	for name, event := range showing {
		// Without a newer event about the name, the last one is about the namespace that look saw, because the kernel queues
		// each event before the next change of the directory.
		if w.pending[name] == event {
			delete(w.pending, name)
			w.shown[name] = true
			w.changes = append(w.changes, numbered{Change{name, true}, event})
		}
	}
	return w.events == before, nil
}

// attach watches the directory that the path leads to now, and opens it. It returns nil if the directory is missing.
func (w *watcher) attach() (_ *Store, err error) {
	above, err := w.notices.watch(filepath.Dir(w.dir), filepath.Dir(w.dir))
	if err != nil {
		return nil, err
	}
	if above != w.above {
		w.notices.unwatch(w.above)
		w.above = above
	}
	dir, err := Open(w.dir)
	if errors.Is(err, fs.ErrNotExist) {
		w.lose()
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			dir.Close()
		}
	}()
	watched, err := w.notices.watch(sys.FdPath(dir.dir), w.dir)
	if err != nil {
		return nil, err
	}
	if watched != w.watched { // while a directory is watched, its number stays; later, no other gets it
		w.lose()
		w.watched, w.incomplete = watched, true
	}
	if w.incomplete {
		names, err := dir.Names()
		if err != nil {
			return nil, err
		}
		w.list(names)
		w.incomplete = false
	}
	return dir, nil
}

// lose forgets a run directory that is gone.
func (w *watcher) lose() {
	w.list(nil)
	clear(w.pending)
	w.notices.unwatch(w.watched)
	w.watched = none
}

// list does what an event about each name would do. It takes all names of the directory, sorted.
func (w *watcher) list(names []string) {
	for _, name := range names {
		if !w.shown[name] {
			w.events++
			w.pending[name] = w.events
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.shown)) {
		if _, exists := slices.BinarySearch(names, name); !exists {
			w.gone(name)
		}
	}
}

// look returns the pending names that show a namespace, and forgets the names that are gone.
func (w *watcher) look(dir *Store) (showing map[string]int, err error) {
	showing = map[string]int{}
	for name, event := range w.pending {
		shows, err := dir.showsNamespace(name)
		switch {
		case isMissing(err):
			delete(w.pending, name)
		case err != nil:
			return nil, err
		case shows:
			showing[name] = event
		}
	}
	return showing, nil
}

// apply takes note of an event. The next look finds the new state of its name.
func (w *watcher) apply(e event) {
	w.events++
	switch {
	case e.mask&unix.IN_Q_OVERFLOW != 0:
		w.incomplete = true
	case e.watch != w.watched:
	case e.name != "":
		if e.mask&removing != 0 && w.shown[e.name] {
			w.gone(e.name)
		}
		if !w.shown[e.name] {
			w.pending[e.name] = w.events
		}
	}
}

func (w *watcher) gone(name string) {
	delete(w.shown, name)
	w.changes = append(w.changes, numbered{Change{name, false}, w.events})
}

// showsNamespace reports whether a name shows a network namespace, or is a link to one. It returns a *[NotExistError] if the name is
// missing.
func (s *Store) showsNamespace(name string) (bool, error) {
	target, err := s.open(s.dir, name, unix.O_PATH)
	if err != nil { // perhaps a dangling link
		top, err := s.openTop(name)
		if err != nil {
			return false, err
		}
		return false, top.Close()
	}
	defer target.Close()
	if ns, err := sys.IsNamespace(target); err != nil || !ns {
		return false, err
	}
	return isNetwork(target)
}
