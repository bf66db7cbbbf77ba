//go:build linux

package persist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// remove removes a name if may returns nil for it. While may runs, no transaction can change the state of the name.
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

// removeHeld removes a held name.
func (s *Store) removeHeld(ctx context.Context, name string, h *held) error {
	switch {
	case h.blind != nil:
		return s.removeBlind(ctx, name, h)
	case h.plain:
		return s.unpublish(name, &h.stat)
	}
	takeBack, err := markGoing(name, h)
	if err != nil {
		return err
	}
	if h.mounted {
		// It was mounted before hold opened the file below it, see peel. EINVAL means that another process unmounted it.
		if err := detach(h.top); err != nil && err != unix.EINVAL {
			takeBack() // the namespace lives on
			return s.unmountError(name, err)
		}
	}
	err = s.unpublish(name, &h.stat)
	if err != nil && !h.mounted {
		takeBack() // nothing has changed
	}
	return err
}

// markGoing records in a name's claim, if it has one, that this process deletes the name. If this process dies between
// unmounting and unlinking, the name is then stale, and not unmounted by hand. takeBack restores the state before. If that
// fails, a mount namespace in which nothing is mounted on the name takes it for stale.
func markGoing(name string, h *held) (takeBack func(), err error) {
	if h.text == nil {
		if h.text, err = readText(h.file); err != nil && !isVerdict(err) {
			return nil, err
		}
	}
	at := memberAt(h.text, name)
	if at == 0 {
		return func() {}, nil
	}
	if _, err := h.file.WriteAt([]byte{memberGoing}, at); err != nil {
		return nil, err
	}
	return func() { _, _ = h.file.WriteAt(h.text[at:at+1], at) }, nil
}

// removeBlind removes a name whose claim below the mount cannot be opened, see isBlind. It unmounts by the descriptor of the
// mount first, and then looks at the file.
func (s *Store) removeBlind(ctx context.Context, name string, h *held) error {
	before, err := s.freshFile()
	if err != nil {
		return err
	}
	unmounted := detach(h.top)
	if unmounted != nil && unmounted != unix.EINVAL { // EINVAL: another process unmounted it, or it came from outside
		return s.unmountError(name, unmounted)
	}
	st, err := s.statIn(s.dir, name)
	if err != nil {
		return unlessMissing(err)
	}
	if nsfs, err := nsfsDevice(); err != nil || st.Dev == nsfs {
		if err = cmp.Or(err, s.unmountError(name, unmounted)); err != nil {
			return err
		}
		return &BusyError{s.Path(name), "another namespace was mounted below this one, and is still there"}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return s.unpublish(name, &st)
	}
	return s.removeBared(ctx, name, &before)
}

// removeBared removes the file that removeBlind bared, if it is a claim that no process holds, or is older than before.
// removeBlind made before when the mount still existed.
func (s *Store) removeBared(ctx context.Context, name string, before *unix.Stat_t) error {
	f, err := s.open(s.dir, name, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := sys.Fstat(f)
	if err != nil {
		return err
	}
	if err := s.lockFor(ctx, name, f); err != nil {
		return err
	}
	_, err = readRecord(f)
	if err == nil || err == errNoRecord && st.Ctim.Nano() <= before.Ctim.Nano() {
		return s.unpublish(name, &st)
	}
	if isVerdict(err) {
		return nil // another process has made it since
	}
	return err
}

// freshFile returns the status of a new file without a name, and so the time by the clock of the file system.
func (s *Store) freshFile() (st unix.Stat_t, err error) {
	f, err := sys.OpenAt(s.dir, ".", unix.O_TMPFILE|unix.O_RDWR, 0)
	if err != nil {
		return st, err
	}
	defer f.Close()
	return sys.Fstat(f)
}

// unpublish removes a name while the file below its mounts is an open file with this status: it unmounts the namespaces on it
// and unlinks the file. If another process has made the name again, the new one stays whole.
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
			changed++ // another process unmounted it first; but a mount that this mount namespace may not remove stays
		case err != nil:
			return err
		}
	}
}

// peel unmounts the uppermost namespace from a name that covers file. It returns a *NotExistError if the name now belongs to
// another file.
//
// peel opens top before it compares the file below, and top is still mounted when peel unmounts it. This proves that top
// covered that very file. A mount point cannot be unlinked or renamed in its own mount namespace. When another mount namespace
// does that, the kernel unmounts it.
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
	network, err := sys.IsNamespace(top)
	if err == nil && network {
		network, err = isNetwork(top)
	}
	if err != nil {
		return err
	} else if !network {
		st, err := sys.Fstat(top)
		if err != nil || st.Dev == file.Dev && st.Ino == file.Ino {
			return err // another process unmounted it meanwhile
		}
		return &BusyError{s.Path(name), "something other than a network namespace is mounted over it"}
	}
	return s.unmountError(name, detach(top))
}

// detach unmounts the mount that f was opened on, even if it is in use. It returns EINVAL if that is not mounted any more, and
// never touches another mount: the path leads to the mount, not to the name (umount(2), path_umount).
func detach(f *os.File) error {
	return sys.Again(func() error { return unix.Unmount(sys.FdPath(f), unix.MNT_DETACH) })
}

// unmountError explains the error of unmounting a name.
func (s *Store) unmountError(name string, err error) error {
	return refused(NeedsProc(sys.PathError("umount", s.Path(name), err)))
}

func (s *Store) unlink(name string) error {
	err := sys.Again(func() error { return unix.Unlinkat(int(s.dir.Fd()), name, 0) })
	switch err {
	case nil, unix.ENOENT:
		return nil
	case unix.EBUSY:
		return &BusyError{s.Path(name), fmt.Sprintf("unlink: %v: it is also mounted where it cannot be reached, below %s; "+
			"if a later mount of that directory covers it, umount uncovers it", err, s.Dir())}
	}
	return refused(sys.PathError("unlink", s.Path(name), err))
}
