//go:build linux

package persist

import (
	"context"
	"os"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Delete removes a name: it unmounts the namespace, which ends unless another process or mount holds it, and unlinks the file.
// It removes a symbolic link, and leaves the target alone. With force, Delete removes three more kinds of names: a name that may
// be mounted in another mount namespace, a new name of another tool, and a name of another version of netns.
//
// It returns a *[NameError], a *[NotExistError], a *[PrivilegeError], or a *[StateError] for a name that it does not remove.
// If a live transaction holds the name for five seconds, it returns a *[BusyError].
func (s *Store) Delete(ctx context.Context, name string, force bool) error {
	return s.remove(ctx, name, func(h *held) error { return s.mayDelete(name, h, force) })
}

// DeleteShown is Delete for a name only while it shows an open file or namespace, or is a link to it. If the name shows
// anything else, DeleteShown returns a *[NotExistError].
func (s *Store) DeleteShown(ctx context.Context, name string, shown *os.File, force bool) error {
	return s.remove(ctx, name, func(h *held) error {
		same, err := sys.SameFile(h.top, shown)
		if h.stat.Mode&unix.S_IFMT == unix.S_IFLNK && !same && err == nil {
			same, err = s.leadsTo(name, shown)
		}
		if err != nil {
			return err
		}
		if !same {
			return &NotExistError{s.Path(name)}
		}
		return s.mayDelete(name, h, force)
	})
}

// Deletable returns the open file that a name shows, for DeleteShown, if Delete would remove the name. Otherwise it returns
// the error of Delete.
func (s *Store) Deletable(ctx context.Context, name string, force bool) (shown *os.File, err error) {
	h, err := s.hold(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := s.mayDelete(name, h, force); err != nil {
		h.close()
		return nil, err
	}
	h.file.Close() // which may be nil
	return h.top, nil
}

// CheckShown returns a *[StateError] if a name shows anything but an open file, which may be nil.
func (s *Store) CheckShown(name string, shown *os.File) error {
	if shown != nil {
		st, err := sys.Fstat(shown)
		if err != nil {
			return err
		}
		if same, err := s.stillShows(name, &st); err != nil || same {
			return err
		}
	}
	entry, err := s.Lookup(name)
	if err != nil {
		return unlessMissing(err)
	}
	return &StateError{s.Path(name), entry}
}

// mayDelete returns the error of Delete for a held name that it does not remove.
func (s *Store) mayDelete(name string, h *held, force bool) error {
	switch h.state {
	case Ready, Stale, Unmounted:
		return nil
	case Foreign:
		if force {
			return nil
		}
		v, err := s.survey()
		if err != nil {
			return err
		}
		return v.mayRemoveForeign(v.census, name, &h.stat)
	case Elsewhere, Incompatible:
		if force {
			return nil
		}
	}
	return &StateError{s.Path(name), Entry{Name: name, State: h.state}}
}

// DeleteNames is [Store.Delete] for one name after the other, until one fails. The names of one transaction are links to one
// claim, and DeleteNames takes its lock once for many of them.
//
// For each deleted name it returns the network namespace that the name showed, open for setns(2), or nil. The error is that of
// the first name that it could not delete, names[len(shown)], or the context's cause.
func (s *Store) DeleteNames(ctx context.Context, names []string, force bool) (shown []*os.File, err error) {
	b := &batch{store: s, force: force}
	defer b.release()
	for _, name := range names {
		if ctx.Err() != nil {
			return shown, context.Cause(ctx)
		}
		ns, err := b.delete(ctx, name)
		if err != nil {
			return shown, err
		}
		shown = append(shown, ns)
	}
	return shown, nil
}

// A batch is a running DeleteNames. It keeps the claim of the last deleted name locked for the next name.
type batch struct {
	store *Store
	force bool
	last  *held     // or nil
	since time.Time // when its claim was locked
}

// delete deletes a name, and returns the network namespace that it showed, or nil.
func (b *batch) delete(ctx context.Context, name string) (ns *os.File, err error) {
	if err := CheckFileName(name); err != nil {
		return nil, err
	}
	h := b.member(name)
	if h == nil {
		b.release() // or hold would wait for this batch's own lock
		if h, err = b.store.hold(ctx, name); err != nil {
			return nil, err
		}
		if b.since = time.Now(); h.plain || h.blind != nil {
			defer b.release()
		}
	}
	b.last = h
	if err = b.store.mayDelete(name, h, b.force); err == nil {
		err = b.store.removeHeld(ctx, name, h)
	}
	if err != nil || !h.mounted || !sys.IsNetwork(h.top) {
		h.top.Close()
		return nil, err
	}
	return h.top, nil
}

// member holds a name if a network namespace is mounted on it and covers the claim that is already locked. It returns nil for
// any other name, and if it may not look. peel says why this comparison, in this order, is enough.
func (b *batch) member(name string) *held {
	if b.last == nil {
		return nil
	}
	if time.Since(b.since) > lockShare {
		b.release()
		time.Sleep(longestPause + time.Millisecond)
		return nil
	}
	top, _, mounted, err := b.store.openShown(name)
	if err != nil || top == nil {
		return nil
	}
	if mounted = mounted && sys.IsNetwork(top); mounted {
		mounted, err = b.store.covers(name, &b.last.stat)
	}
	if err != nil || !mounted {
		top.Close()
		return nil
	}
	h := *b.last
	h.top, h.mounted, h.state = top, true, Ready
	return &h
}

// lockShare is how long a batch keeps one claim locked. Then it pauses for longer than wait does, so that a waiting process
// gets the lock. lockShare is well below patience.
const lockShare = time.Second

// release gives up the claim and its lock.
func (b *batch) release() {
	if b.last != nil {
		b.last.file.Close() // also of nil
		b.last = nil
	}
}
