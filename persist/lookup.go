//go:build linux

package persist

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Lookup returns a name's entry. Only for a name that is not simply ready, it needs privilege: CAP_DAC_OVERRIDE, and
// CAP_SYS_ADMIN to tell Kept from Ready. It returns a *[NameError] or a *[NotExistError].
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

// look is one attempt at Lookup. It is not settled if the name changed meanwhile, for example because a transaction mounted
// its namespace and ended after look found the claim without a mount.
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
	switch {
	case err != nil:
		return e, false, err
	case mounted:
		if network, err := isNetwork(top); err != nil || !network {
			e.State = OtherNamespace
			return e, true, err
		}
		e.State, e.Inode = Ready, st.Ino
		if err = s.judge(&e); isMissing(err) {
			return e, false, nil // the name has gone meanwhile
		}
		return e, true, err
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		e.State = unclaimedState(&st)
		return e, true, nil
	}
	if err := s.classify(&e, &st); err != nil {
		return e, false, err
	}
	settled, err = s.stillShows(name, &st)
	return e, settled, err
}

// lookThrough is look for a symbolic link. Some people link to a container's /proc/PID/ns/net by hand.
func (s *Store) lookThrough(e Entry) (Entry, bool, error) {
	e.State = OtherLink
	target, err := sys.OpenAt(s.dir, e.Name, unix.O_PATH, 0)
	if err != nil {
		e.State, err = unfollowedState(err)
		return e, true, err
	}
	defer target.Close()
	if ns, err := sys.IsNamespace(target); err != nil || !ns {
		return e, true, nil
	}
	if network, err := isNetwork(target); err != nil || !network {
		return e, true, err
	}
	st, err := sys.Fstat(target)
	e.State, e.Inode = Ready, st.Ino
	return e, true, err
}

// unfollowedState returns the state of a symbolic link by the error of following it. It returns an error that is not about the
// link.
func unfollowedState(err error) (State, error) {
	switch {
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOMEM):
		return "", err
	case errors.Is(err, fs.ErrPermission): // another user's /proc/PID/ns/net, for example
		return Unreadable, nil
	case errors.Is(err, unix.ELOOP):
		return LoopingLink, nil
	}
	return BrokenLink, nil
}

// isDangling reports whether an error of opening a name means that it is a symbolic link that leads nowhere. If the target is
// missing, the error is a *NotExistError as well.
func isDangling(err error) bool {
	return errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ENAMETOOLONG)
}

// isNetwork reports whether a namespace that is open with O_PATH is a network namespace. Only a descriptor for reading tells
// the type. If the caller cannot get one because /proc is missing, for example, isNetwork returns true.
func isNetwork(namespace *os.File) (bool, error) {
	f, err := openProc(sys.FdPath(namespace))
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", namespace.Name(), err)
	}
	defer f.Close()
	kind, err := sys.NamespaceType(f)
	if err != nil {
		return false, fmt.Errorf("%s: %w", namespace.Name(), err)
	}
	return kind == unix.CLONE_NEWNET, nil
}

// judge sets the state of a mounted name by the record below the mount. If the caller may not read the record, the name stays
// Ready.
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
	return s.judgeUndone(e, f)
}

// judgeUndone is judge for a claim that does not say that its transaction is done.
func (s *Store) judgeUndone(e *Entry, claim *os.File) error {
	r, err := unheldRecord(claim)
	m := r.member(e.Name)
	if m == nil { // held, another tool's file, or a claim on other names
		return err
	}
	if r.tx == txKept && m.state == memberKept {
		e.State, e.Stage = Kept, r.stage
		return nil
	}
	dead, err := r.diedHere()
	if err != nil || !dead {
		return err
	}
	all, err := s.allMounted(r, claim)
	if err == nil && !all {
		e.State = Stale
	}
	return err
}

// unheldRecord returns the record of a claim, or nil if a process holds the claim, or there is no valid record in it.
func unheldRecord(claim *os.File) (*record, error) {
	// The lock comes first: an unlocked claim does not change any more.
	if locked, err := isLocked(claim); err != nil || locked {
		return nil, err
	}
	return validRecord(claim)
}

// allMounted reports whether every member of a transaction is a mounted namespace. Then only the mark is missing.
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

// isMounted reports whether a namespace is mounted on a name of the claim.
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

// classify sets the state of a regular file with this status, without a namespace mounted on it.
func (s *Store) classify(e *Entry, st *unix.Stat_t) error {
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
	e.State, err = uncoveredState(r, err, e.Name, st)
	if locked && r != nil {
		e.State, e.PID = InProgress, r.pid
	}
	return err
}

// unclaimedState returns the state of a name that shows neither a claim nor a namespace nor a link, by the file's status.
func unclaimedState(st *unix.Stat_t) State {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return Directory
	case unix.S_IFIFO:
		return FIFO
	case unix.S_IFSOCK:
		return Socket
	case unix.S_IFBLK, unix.S_IFCHR:
		return Device
	case unix.S_IFREG:
		if st.Size == 0 {
			return Foreign
		}
	}
	return File
}

// uncoveredState returns the state of a name that shows an unlocked regular file with this status, by what readRecord returned
// for it.
func uncoveredState(r *record, err error, name string, st *unix.Stat_t) (State, error) {
	switch {
	case err == errNoRecord:
		return unclaimedState(st), nil
	case err == errIncompatible:
		return Incompatible, nil
	case err != nil:
		return "", err
	}
	fate, err := r.mntns.fate()
	if err != nil {
		return "", err
	}
	m := r.member(name)
	switch {
	case fate.isElsewhere():
		return Elsewhere, nil
	case fate == gone, r.otherBoot(), r.tx != txDone && r.tx != txKept, m != nil && m.state == memberGoing:
		return Stale, nil
	}
	return Unmounted, nil
}

// isOfLastDone reports whether a name's mount covers the claim that was last found done. One claim serves all names of a
// transaction, and a done claim stays done.
func (s *Store) isOfLastDone(name string) bool {
	last := s.lastDone.Load()
	if last == nil {
		return false
	}
	covered, err := s.covers(name, &unix.Stat_t{Dev: last.device, Ino: last.inode})
	// If it is still the last one, it was open meanwhile.
	return err == nil && covered && s.lastDone.Load() == last
}

// keepDone makes a done claim the last one, and closes the one before.
func (s *Store) keepDone(claim *os.File) {
	st, err := sys.Fstat(claim)
	if err != nil {
		claim.Close()
		return
	}
	if before := s.lastDone.Swap(&doneClaim{claim, uint64(st.Dev), st.Ino}); before != nil {
		before.file.Close()
	}
}
