//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Delete removes a name: it unmounts the namespace, which ends unless something else holds it, and unlinks the file.
// A symbolic link is removed, and what it leads to left alone. With force, also what may be mounted in another mount
// namespace, what another tool made a moment ago, and what another version of netns made.
//
// It returns a *[NameError], a *[NotExistError], a *[StateError] for what it does not remove, a *[PrivilegeError], or a
// *[BusyError] if a live transaction holds the name for five seconds.
func (s *Store) Delete(ctx context.Context, name string, force bool) error {
	return s.remove(ctx, name, func(h *held) error { return s.mayDelete(name, h, force) })
}

// DeleteShown is Delete without force for a name as long as it shows a certain file or namespace, which is open, or is a
// link to that. If it shows something else, it returns a *[NotExistError] as well.
func (s *Store) DeleteShown(ctx context.Context, name string, shown *os.File) error {
	return s.remove(ctx, name, func(h *held) error {
		same, err := sys.SameFile(h.top, shown)
		if h.link && !same && err == nil {
			same, err = s.leadsTo(name, shown)
		}
		if err != nil {
			return err
		}
		if !same {
			return &NotExistError{s.Path(name)}
		}
		return s.mayDelete(name, h, false)
	})
}

// Deletable returns what a name shows, for DeleteShown, if Delete would remove it without force. Otherwise it returns what
// that would.
func (s *Store) Deletable(ctx context.Context, name string) (shown *os.File, err error) {
	h, err := s.hold(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := s.mayDelete(name, h, false); err != nil {
		h.close()
		return nil, err
	}
	h.file.Close() // which there may not be
	return h.top, nil
}

// CheckShown returns a *[StateError] if a name shows anything else than a certain file, which may be nil.
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
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return &StateError{s.Path(name), entry}
}

func (s *Store) mayDelete(name string, h *held, force bool) error {
	switch h.state {
	case Ready, Stale, Unmounted:
		return nil
	case Foreign:
		if h.stat.Size == 0 && force { // no tool leaves anything else of a namespace
			return nil
		}
		if h.stat.Size == 0 {
			err := s.mayRemoveForeign(name, &h.stat)
			var young *BusyError
			if errors.As(err, &young) {
				young.Reason += "; wait, or use force"
			}
			return err
		}
	case Elsewhere, Incompatible:
		if force {
			return nil
		}
	}
	return &StateError{s.Path(name), Entry{Name: name, State: h.state}}
}

// remove removes a name if may, which is asked while no transaction can change the state, returns nil.
func (s *Store) remove(ctx context.Context, name string, may func(*held) error) error {
	if err := CheckFileName(name); err != nil {
		return err
	}
	h, err := s.hold(ctx, name)
	if err != nil {
		return err
	}
	defer h.close()
	if err := may(h); err != nil {
		return err
	}
	return s.removeHeld(ctx, name, h)
}

// removeHeld removes a name that is held.
func (s *Store) removeHeld(ctx context.Context, name string, h *held) error {
	switch {
	case h.link:
		return s.unlink(name)
	case h.blind != nil:
		return s.removeBlind(ctx, name, h)
	case h.plain:
		return s.unpublish(name, &h.stat)
	}
	mark, err := s.markGoing(name, h)
	if err != nil {
		return err
	}
	if h.mounted {
		// It was there before the file below it was opened, see peel. If it is unmounted by now, that was to be done.
		if err := detach(h.top); err != nil && err != unix.EINVAL {
			mark.takeBack() // the namespace lives on
			return s.unmountError(name, err)
		}
	}
	return s.unpublish(name, &h.stat)
}

// markGoing records in the claim of a name, if it has one, that the name is to go. If this process dies between unmounting and
// unlinking, what is left is stale then, and not a person's mistake.
func (s *Store) markGoing(name string, h *held) (m mark, err error) {
	if h.text == nil {
		h.text = io.NewSectionReader(h.file, 0, h.stat.Size)
	}
	at, err := memberAt(h.text, name, s.next.Load())
	if err != nil || at == 0 {
		return m, err
	}
	m = mark{h.file, at, [1]byte{memberHere}}
	if _, err := h.text.ReadAt(m.before[:], at); err != nil && err != io.EOF {
		return m, err
	}
	if _, err := h.file.WriteAt([]byte{memberGoing}, at); err != nil {
		return m, err
	}
	s.next.Store(at + int64(len(name)) + 2)
	return m, nil
}

// A mark is where a claim says that a name is to go, and what it said before. The zero mark is in no claim.
type mark struct {
	claim  *os.File
	at     int64
	before [1]byte
}

// takeBack takes back the mark. If that fails, a mount namespace in which nothing is mounted on the name takes it for stale.
func (m mark) takeBack() {
	if m.claim != nil {
		_, _ = m.claim.WriteAt(m.before[:], m.at)
	}
}

// A held name is one whose state no transaction changes as long as the file is open.
type held struct {
	top     *os.File // what the name shows; a namespace as such, anything else with O_PATH
	mounted bool     // it is a namespace
	file    *os.File // below the mounts, locked; or the symbolic link itself
	link    bool
	plain   bool  // what is below the mount is no regular file, so it has no claim and no lock
	blind   error // why the file below the mount could not be opened, so that there is no lock; see isBlind
	state   State
	stat    unix.Stat_t // of file
	text    text        // of file, if it was read
}

func (h *held) close() { // also where only part of it is open
	h.top.Close()
	h.file.Close()
}

// hold waits until no transaction holds a name, and holds it.
func (s *Store) hold(ctx context.Context, name string) (h *held, err error) {
	for h == nil && err == nil {
		h, err = s.holdOnce(ctx, name)
	}
	return h, err
}

// holdOnce is one attempt at hold. It returns nil if the name changed meanwhile.
func (s *Store) holdOnce(ctx context.Context, name string) (found *held, err error) {
	h := &held{}
	defer func() {
		if found == nil {
			h.close()
		}
	}()
	var top unix.Stat_t
	if h.top, top, h.mounted, err = s.openShown(name); err != nil || h.top == nil {
		return nil, err
	}
	if err = s.openBelow(h, name, &top); isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, refused(err)
	}
	if h.blind == nil {
		if h.stat, err = sys.Fstat(h.file); err != nil {
			return nil, err
		}
		if h.link = h.stat.Mode&unix.S_IFMT == unix.S_IFLNK; !h.link && !h.plain {
			if err := s.lockFor(ctx, name, h.file); err != nil {
				return nil, err
			}
		}
	}
	if same, err := s.stillShows(name, &top); err != nil || !same {
		return nil, err
	}
	if h.state == "" {
		record, recordErr := readRecord(h.file)
		if h.state, err = uncoveredState(record, recordErr, name); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// openBelow opens the file that a name has below h.top, its uppermost mount or itself; a link is opened as such. The state
// is Ready if that is a namespace or a link, and not yet known otherwise. If the name changed meanwhile, it returns a
// *NotExistError.
func (s *Store) openBelow(h *held, name string, top *unix.Stat_t) (err error) {
	switch top.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		h.state = Ready
		h.file, err = s.openTop(name)
		return err
	case unix.S_IFREG:
	default:
		return &StateError{s.Path(name), Entry{Name: name, State: Foreign}}
	}
	if h.mounted {
		h.state = Ready
		h.file, err = s.openBare(name, unix.O_RDWR)
		switch {
		case isBlind(err):
			h.blind, err = err, nil
		case err == errNoRecord:
			h.plain = true
			h.file, err = s.openPlain(name)
		}
		return err
	}
	h.file, err = s.open(s.dir, name, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if err != nil { // EPERM, if a namespace was mounted there just now
		if same, lookErr := s.stillShows(name, top); lookErr == nil && !same {
			err = &NotExistError{s.Path(name)}
		}
	}
	return err
}

// stillShows says whether a name shows a file or mount that is open, by what fstat said of that.
func (s *Store) stillShows(name string, open *unix.Stat_t) (bool, error) {
	return s.isIn(s.dir, name, open)
}

// covers says whether what is mounted on a name covers a file that is open, by what fstat said of that.
func (s *Store) covers(name string, open *unix.Stat_t) (bool, error) {
	bare, err := s.uncovered()
	if err != nil {
		return false, refused(err)
	}
	return s.isIn(bare, name, open)
}

func (s *Store) isIn(dir *os.File, name string, open *unix.Stat_t) (bool, error) {
	now, err := s.statIn(dir, name)
	if isMissing(err) {
		return false, nil
	}
	return now.Dev == open.Dev && now.Ino == open.Ino, err
}

// lockFor takes the claim's lock. Members of one transaction share it, so those who delete several at once queue; as long as
// the claim changes, that goes on.
func (s *Store) lockFor(ctx context.Context, name string, file *os.File) error {
	before, err := sys.Fstat(file)
	if err != nil {
		return err
	}
	switch err := wait(ctx, patience, func() error { return lockClaim(file) }); {
	case err == errPatience:
		if now, err := sys.Fstat(file); err == nil && now.Ctim != before.Ctim {
			return s.lockFor(ctx, name, file)
		}
		reason := fmt.Sprintf("another process has held its lock for %v", patience)
		if holders := openBy(file); holders != "" {
			reason += "; it is open in process " + holders
		}
		return &BusyError{s.Path(name), reason}
	case err != nil:
		return sys.PathError("fcntl", s.Path(name), err)
	}
	return nil
}

// unpublish removes a name as long as the file below its mounts is one that is open, by what fstat said of that: it
// unmounts the namespaces stacked there and unlinks the file. What was made under the name since then stays whole.
func (s *Store) unpublish(name string, file *unix.Stat_t) error {
	for changed := 0; ; {
		if uncovered, err := s.stillShows(name, file); err != nil {
			return err
		} else if uncovered {
			return s.unlink(name)
		}
		switch err := s.peel(name, file); {
		case isMissing(err):
			return nil
		case errors.Is(err, unix.EINVAL) && changed < 10:
			changed++ // somebody unmounted it first; a mount that our mount namespace may not remove stays, however
		case err != nil:
			return err
		}
	}
}

// peel unmounts the uppermost namespace from a name that covers file. It returns a *NotExistError if the name is another
// file's by now.
//
// That top was opened before the file below it was compared, and is still mounted when it is unmounted, proves that it
// covered that very file: a mount point cannot be unlinked or renamed in its own mount namespace, and when that is
// done in another one, the mount goes as well.
func (s *Store) peel(name string, file *unix.Stat_t) error {
	top, err := s.openTop(name)
	if err != nil {
		return err
	}
	defer top.Close()
	if same, err := s.covers(name, file); err != nil {
		return err
	} else if !same {
		return &NotExistError{s.Path(name)}
	}
	if ns, err := sys.IsNamespace(top); err != nil {
		return err
	} else if !ns {
		st, err := sys.Fstat(top)
		if err != nil || st.Dev == file.Dev && st.Ino == file.Ino {
			return err // it was unmounted meanwhile
		}
		return &BusyError{s.Path(name), "something other than a namespace is mounted over it"}
	}
	return s.unmountError(name, detach(top))
}

// unmountError is the error of unmounting what a name shows.
func (s *Store) unmountError(name string, err error) error {
	return refused(NeedsProc(sys.PathError("umount", s.Path(name), err)))
}

func (s *Store) unlink(name string) error {
	err := sys.Again(func() error { return unix.Unlinkat(int(s.dir.Fd()), name, 0) })
	switch err {
	case nil, unix.ENOENT:
		return nil
	case unix.EBUSY:
		return &BusyError{s.Path(name), fmt.Sprintf("unlink: %v: it is also mounted where it cannot be reached, below %s", err, s.Dir())}
	}
	return refused(sys.PathError("unlink", s.Path(name), err))
}
