//go:build linux

package persist

import (
	"cmp"
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

// Watch reports the network namespaces that come and go in a run directory ("" for the default one), from when the loop
// over it begins; with existing, what is there by then is reported first, as added. It ends without an error when the
// context ends.
//
// A namespace is added when its name shows it, so not before it is mounted, and deleted when the name is gone: that it
// was unmounted is not enough. A name that never showed one is not reported. A symbolic link to a namespace counts; one
// that leads to none is looked at again when something is mounted. A directory that is not there is waited for, and
// waited for again when it goes: what is in it is deleted then, and added when it comes.
//
// For each name, additions and deletions alternate. What is gone before it was looked at is missed. Where the consumer
// is so slow that the kernel drops events (more than fs.inotify.max_queued_events), the directory is compared with what
// was known, and a namespace that went and came again under the same name is missed, too. Nothing else is.
//
// While it waits it takes a thread. It needs no privilege, but to read the directory and the one above. An error ends
// it: a *[TrustError], one that matches [fs.ErrNotExist] if the directory above is not there, or what the kernel said.
func Watch(ctx context.Context, dir string, existing bool) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if err := watch(ctx, dir, existing, func(c Change) bool { return yield(c, nil) }); err != nil {
			yield(Change{}, err)
		}
	}
}

func watch(ctx context.Context, dir string, existing bool, tell func(Change) bool) error {
	dir, err := filepath.Abs(cmp.Or(dir, DefaultDir))
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
		changes := w.takeChanges()
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

// none is a watch that there is not.
const none = -1

// A watcher knows which names of a run directory show a namespace.
type watcher struct {
	dir            string
	notices        *notices
	above, watched int  // the watches of the directory above, and of the run directory
	incomplete     bool // it must be listed, since it is new or events are missing

	shown   map[string]bool // names that showed a namespace, and are there since
	pending map[string]int  // other names that may be there, with the number of the last event about them
	events  int             // how many there were
	changes []numbered      // not reported yet
}

// A numbered change has the number of the event that made it.
type numbered struct {
	Change
	event int
}

// update brings what is known up to date. If events came meanwhile, it has not settled, and is to be called again.
//
// The run directory is not kept open, or nobody could unmount it. Opened anew it also is the upper one, once it has been
// mounted onto itself, where the namespaces are; the watch is on what both are.
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
		// If no event was about the name since, what was seen came with the last one: the kernel queues each before it
		// lets anything else be done to the directory.
		if w.pending[name] == event {
			delete(w.pending, name)
			w.shown[name] = true
			w.changes = append(w.changes, numbered{Change{name, true}, event})
		}
	}
	return w.events == before, nil
}

// takeChanges returns what is to be reported, in the order of the events.
func (w *watcher) takeChanges() []numbered {
	changes := w.changes
	w.changes = nil
	slices.SortStableFunc(changes, func(a, b numbered) int { return a.event - b.event })
	return changes
}

// attach watches what the path of the run directory shows now, and opens it. It returns nil if there is none.
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
	if watched != w.watched { // the number is the directory's as long as it is watched, and no other's after that
		w.lose()
		w.watched, w.incomplete = watched, true
	}
	if w.incomplete {
		return dir, w.list(dir)
	}
	return dir, nil
}

// lose forgets a run directory that is there no more.
func (w *watcher) lose() {
	for _, name := range slices.Sorted(maps.Keys(w.shown)) {
		w.gone(name)
	}
	clear(w.pending)
	w.notices.unwatch(w.watched)
	w.watched = none
}

// list does what the events about each name would have done.
func (w *watcher) list(dir *Store) error {
	names, err := dir.Names()
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
		if !w.shown[name] {
			w.events++
			w.pending[name] = w.events
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.shown)) {
		if !there[name] {
			w.gone(name)
		}
	}
	w.incomplete = false
	return nil
}

// look returns the pending names that show a namespace, and forgets those that are gone.
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

// apply notes what an event says. What has become of a name, the next look finds out.
func (w *watcher) apply(e event) {
	w.events++
	switch {
	case e.overflow():
		w.incomplete = true
	case e.watch != w.watched:
	case e.name != "":
		if e.removes() && w.shown[e.name] {
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

// showsNamespace says whether a name shows a namespace, or a link that leads to one. It returns a *[NotExistError] if
// there is no such name.
func (s *Store) showsNamespace(name string) (bool, error) {
	target, err := s.open(s.dir, name, unix.O_PATH)
	if err != nil { // perhaps a link that leads nowhere
		top, err := s.openTop(name)
		if err != nil {
			return false, err
		}
		return false, top.Close()
	}
	defer target.Close()
	return sys.IsNamespace(target)
}
