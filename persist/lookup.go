//go:build linux

package persist

import (
	"errors"
	"io/fs"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Lookup says what a name is. It needs privilege (CAP_DAC_OVERRIDE, and CAP_SYS_ADMIN to see what was kept) only to
// tell apart what is not plainly ready. It returns a *[NameError] or a *[NotExistError].
func (s *Store) Lookup(name string) (Entry, error) {
	if err := CheckFileName(name); err != nil {
		return Entry{}, err
	}
	for {
		entry, settled, err := s.look(name)
		if err != nil || settled {
			return entry, err
		}
	}
}

// look is one attempt at Lookup. It is not settled if the name changed while it was looked at, as when a transaction
// mounts and ends after its claim was found without a mount.
func (s *Store) look(name string) (e Entry, settled bool, err error) {
	e.Name = name
	top, err := s.openTop(name)
	if err != nil {
		return e, false, err
	}
	defer top.Close()
	st, err := sys.Fstat(top)
	if err != nil {
		return e, false, err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return s.lookThrough(e)
	}
	mounted, err := sys.IsNamespace(top)
	if err != nil {
		return e, false, err
	}
	if mounted {
		e.State, e.Inode = Ready, st.Ino
		err := s.judge(&e)
		if isMissing(err) { // it has gone since
			return e, false, nil
		}
		return e, true, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		e.State = Foreign
		return e, true, nil
	}
	if err := s.classify(&e); err != nil {
		return e, isMissing(err), err
	}
	again, err := s.openTop(name)
	if err != nil {
		return e, false, err
	}
	defer again.Close()
	same, err := sys.SameFile(top, again)
	return e, same, err
}

// lookThrough is look for a symbolic link, as people make by hand to a container's /proc/PID/ns/net.
func (s *Store) lookThrough(e Entry) (Entry, bool, error) {
	e.State = Foreign
	target, err := sys.OpenAt(s.dir, e.Name, unix.O_PATH, 0)
	if err != nil {
		return e, true, nil
	}
	defer target.Close()
	if ns, err := sys.IsNamespace(target); err == nil && ns {
		st, err := sys.Fstat(target)
		e.State, e.Inode = Ready, st.Ino
		return e, true, err
	}
	return e, true, nil
}

// judge finds out from the record below a mount, where that may be read, whether the namespace is as it should be.
func (s *Store) judge(e *Entry) error {
	if s.isOfLastDone(e.Name) || !HasCapability(unix.CAP_SYS_ADMIN) {
		return nil
	}
	f, err := s.openBare(e.Name, unix.O_RDONLY)
	if errors.Is(err, fs.ErrPermission) || isBlind(err) || err == errNoRecord {
		return nil
	}
	if err != nil {
		return err
	}
	done, err := isDone(f)
	if done { // for good
		s.keepDone(f)
		return nil
	}
	defer f.Close()
	if err != nil {
		return err
	}
	// In this order: what is not locked changes no more.
	if locked, err := isLocked(f); err != nil || locked {
		return err
	}
	r, err := readRecord(f)
	if err != nil && !isVerdict(err) {
		return err
	}
	m := r.member(e.Name)
	switch {
	case m == nil: // not ours, or not that name's
	case r.tx == txKept && m.state == memberKept:
		e.State, e.Stage = Kept, r.stage
	case r.tx == txBegun:
		dead, err := s.diedHalfway(r, f)
		if dead {
			e.State = Stale
		}
		return err
	}
	return nil
}

// diedHalfway reports whether a transaction that nobody holds any more left something undone. One of another mount namespace
// may be all there.
func (s *Store) diedHalfway(r *record, claim *os.File) (bool, error) {
	if place, err := r.place(); err != nil || place == elsewhere {
		return false, err
	}
	all, err := s.allMounted(r, claim)
	return !all && err == nil, err
}

// allMounted says whether every member of a transaction is a mounted namespace: then it died as good as done.
func (s *Store) allMounted(r *record, claim *os.File) (bool, error) {
	st, err := sys.Fstat(claim)
	if err != nil {
		return false, err
	}
	for _, m := range r.members {
		mounted, err := s.isMounted(m.name, &st)
		if isMissing(err) {
			return false, nil
		}
		if err != nil || !mounted {
			return false, err
		}
	}
	return true, nil
}

// isMounted says whether a namespace is mounted on a name of the claim.
func (s *Store) isMounted(name string, claim *unix.Stat_t) (bool, error) {
	top, err := s.openTop(name)
	if err != nil {
		return false, err
	}
	defer top.Close()
	if ns, err := sys.IsNamespace(top); err != nil || !ns {
		return false, err
	}
	return s.covers(name, claim)
}

// classify finds the state of a regular file that no namespace is mounted on.
func (s *Store) classify(e *Entry) error {
	f, err := s.open(s.dir, e.Name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.State = Unreadable
		return nil
	case err != nil:
		return err
	}
	defer f.Close()
	locked, err := isLocked(f)
	if err != nil {
		return err
	}
	r, err := readRecord(f)
	e.State, err = uncoveredState(r, err, e.Name)
	if locked && r != nil {
		e.State, e.PID = InProgress, r.pid
	}
	return err
}

// uncoveredState is the state of a name that shows an unlocked file of ours or another's, by its record.
func uncoveredState(r *record, err error, name string) (State, error) {
	switch {
	case err == errNoRecord:
		return Foreign, nil
	case err == errIncompatible:
		return Incompatible, nil
	case err != nil:
		return "", err
	}
	place, err := r.place()
	if err != nil {
		return "", err
	}
	m := r.member(name)
	switch {
	case place == elsewhere:
		return Elsewhere, nil
	case place == nowhere, r.otherBoot(), !r.over(), m != nil && m.state == memberGoing:
		return Stale, nil
	}
	return Unmounted, nil
}
