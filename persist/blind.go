//go:build linux

package persist

import (
	"cmp"
	"context"
	"errors"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// isBlind reports whether an error says that what is below the mounts of the run directory cannot be seen. That takes a copy of
// its mount, and so a mount namespace, of which the user may have as many as user.max_mnt_namespaces says (namespaces(7)): ENOSPC.
// And in a user namespace the mounts that came from outside may not be taken off their mount: EINVAL.
func isBlind(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL) }

// removeBlind removes a name whose claim, below the mount, cannot be opened, see isBlind. So the mount goes first, by its
// descriptor, and what is below it is looked at then.
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
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if nsfs, err := nsfsDevice(); err != nil || st.Dev == nsfs {
		if err = cmp.Or(err, s.unmountError(name, unmounted)); err != nil {
			return err
		}
		return &BusyError{s.Path(name), "another namespace was mounted below the one that is gone now"}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return s.unpublish(name, &st)
	}
	f, err := s.open(s.dir, name, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if err != nil {
		return err
	}
	defer f.Close()
	if st, err = sys.Fstat(f); err != nil {
		return err
	}
	if err := s.lockFor(ctx, name, f); err != nil {
		return err
	}
	_, err = readRecord(f)
	if err == nil || err == errNoRecord && isOlder(&st, &before) {
		return s.unpublish(name, &st) // of a claim that nobody holds and nothing is mounted on, or the file of another tool
	}
	if isVerdict(err) {
		return nil // it came since, and is another's
	}
	return err
}

// freshFile returns what fstat says of a file that is made now, and so the time by the file system's own clock.
func (s *Store) freshFile() (st unix.Stat_t, err error) {
	f, err := sys.OpenAt(s.dir, ".", unix.O_TMPFILE|unix.O_RDWR, 0)
	if err != nil {
		return st, err
	}
	defer f.Close()
	return sys.Fstat(f)
}

// isOlder reports whether a file was last changed before another one, or at the same time.
func isOlder(a, b *unix.Stat_t) bool {
	return a.Ctim.Sec < b.Ctim.Sec || a.Ctim.Sec == b.Ctim.Sec && a.Ctim.Nsec <= b.Ctim.Nsec
}
