//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// readersPatience is how long a reader waits for a namespace that a transaction is about to mount.
const readersPatience = time.Second

// Namespace opens the network namespace of a name, for setns(2). If a live transaction is about to mount it, Namespace waits up
// to a second. It follows links, and needs no privilege.
//
// It returns a *[NameError], a *[NotExistError], or a *[StateError] for a name without a network namespace.
func (s *Store) Namespace(ctx context.Context, name string) (ns *os.File, err error) {
	if err := CheckFileName(name); err != nil {
		return nil, err
	}
	var inProgress error
	err = wait(ctx, readersPatience, func() error {
		ns, err = s.openNamespace(name)
		if state, ok := errors.AsType[*StateError](err); ok && state.State == InProgress {
			inProgress = err
			return unix.EAGAIN
		}
		return err
	})
	if err == errPatience {
		err = inProgress
	}
	return ns, err
}

func (s *Store) openNamespace(name string) (*os.File, error) {
	// With O_PATH first, so that it does not open a device or anything else that a link leads to.
	target, err := s.open(s.dir, name, unix.O_PATH)
	if isMissing(err) || isDangling(err) {
		return nil, s.showsNone(name)
	}
	if err != nil {
		return nil, err
	}
	defer target.Close()
	if ns, err := sys.IsNamespace(target); err != nil {
		return nil, err
	} else if !ns {
		return nil, s.showsNone(name)
	}
	f, err := openType(target, s.Path(name))
	if _, other := errors.AsType[*StateError](err); other {
		return nil, s.showsNone(name)
	}
	return f, err
}

// LookupOpen is [Store.Lookup] and [Store.Namespace] in one, does less than either, and does not wait. The entry describes the
// namespace. It is nil if the name shows no network namespace, shows another one meanwhile, or cannot be
// opened. LookupOpen needs the privilege of Lookup, and returns the same errors.
func (s *Store) LookupOpen(name string) (Entry, *os.File, error) {
	if err := CheckFileName(name); err != nil {
		return Entry{}, nil, err
	}
	if e, ns, err := s.openMounted(name); ns != nil || err != nil {
		return e, ns, err
	}
	e, err := s.Lookup(name)
	if err != nil || e.Inode == 0 {
		return e, nil, err
	}
	ns, err := s.openNamespace(name)
	if err != nil { // gone meanwhile, or unreadable
		return e, nil, nil
	}
	if st, err := sys.Fstat(ns); err != nil || st.Ino != e.Inode {
		ns.Close()
		return e, nil, err
	}
	return e, ns, nil
}

// openMounted is LookupOpen for a name with a network namespace mounted on it. For any other name it returns neither a file
// nor an error.
func (s *Store) openMounted(name string) (e Entry, _ *os.File, _ error) {
	f, st, mounted, err := s.openShown(name)
	if err != nil || f == nil {
		return e, nil, nil
	}
	if mounted && sys.IsNetwork(f) {
		e = Entry{Name: name, State: Ready, Inode: st.Ino}
		if err = s.judge(&e); err == nil {
			return e, f, nil
		}
	}
	f.Close()
	return e, nil, unlessMissing(err) // the name may have gone meanwhile
}

// showsNone returns the error for a name that showed no namespace a moment ago: a *[NotExistError] or a *[StateError].
func (s *Store) showsNone(name string) error {
	entry, err := s.Lookup(name)
	if err != nil {
		return err
	}
	if entry.State == Ready || entry.State == Kept { // mounted meanwhile
		entry.State = InProgress
	}
	return &StateError{s.Path(name), entry}
}

// OpenPath opens the network namespace that any path shows, in a run directory or not, such as /proc/PID/ns/net. It returns a
// *[NotExistError], or a *[StateError] if the path shows no network namespace.
func OpenPath(path string) (*os.File, error) {
	// With O_PATH first, so that it does not open a device or a pipe.
	target, err := os.OpenFile(path, unix.O_PATH, 0)
	if strings.HasPrefix(path, "/proc/") {
		err = NeedsProc(err)
	}
	if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errors.ErrUnsupported) {
		return nil, &NotExistError{path}
	}
	if err != nil {
		return nil, err
	}
	defer target.Close()
	if ns, err := sys.IsNamespace(target); err != nil {
		return nil, err
	} else if !ns {
		st, err := sys.Fstat(target)
		if err != nil {
			return nil, err
		}
		return nil, &StateError{path, Entry{Name: filepath.Base(path), State: unclaimedState(&st)}}
	}
	return openType(target, path)
}

// OpenPID opens the network namespace of a process or thread. For a process, Linux 6.11 and later open it by a pidfd, which
// cannot come to mean another process. OpenPID returns a *[NotExistError], or a *[PrivilegeError]: another user's process
// needs CAP_SYS_PTRACE.
func OpenPID(pid int) (*os.File, error) {
	path := fmt.Sprintf("/proc/%d/ns/net", pid)
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err == nil {
		defer unix.Close(pidfd)
		fd, err := sys.PidfdNetwork(pidfd)
		if err == nil {
			return os.NewFile(uintptr(fd), path), nil
		}
		if err == unix.ESRCH { // it has ended
			return nil, &NotExistError{path}
		}
	}
	f, err := OpenPath(path) // also for a thread other than a process's first, for which pidfd_open fails
	return f, Needs(unix.CAP_SYS_PTRACE, "looking at another user's process", err)
}

// openType opens a namespace for setns(2) if it is a network namespace.
func openType(target *os.File, path string) (*os.File, error) {
	f, err := openProc(sys.FdPath(target))
	if err != nil {
		return nil, err
	}
	kind, err := sys.NamespaceType(f)
	if err == nil && kind == unix.CLONE_NEWNET {
		return f, nil
	}
	f.Close()
	if err != nil {
		return nil, err
	}
	return nil, &StateError{path, Entry{Name: filepath.Base(path), State: OtherNamespace}}
}

// NamesOf returns all names of an open network namespace, sorted. It follows links, and needs no privilege.
func (s *Store) NamesOf(ns *os.File) ([]string, error) {
	all, err := s.Names()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range all {
		if same, err := s.leadsTo(name, ns); err != nil {
			return nil, err
		} else if same {
			names = append(names, name)
		}
	}
	return names, nil
}

// leadsTo reports whether a name shows an open namespace, or is a link to it. If stat(2) fails for a name, it does not.
func (s *Store) leadsTo(name string, ns *os.File) (bool, error) {
	want, err := sys.Fstat(ns)
	if err != nil {
		return false, err
	}
	var st unix.Stat_t
	err = sys.Again(func() error { return unix.Fstatat(int(s.dir.Fd()), name, &st, 0) })
	return err == nil && st.Dev == want.Dev && st.Ino == want.Ino, nil
}

// IsMadeHere reports whether a name was made in this container, and still shows an open namespace: the name has a claim of the
// caller's mount namespace, or of that of the first process that /proc shows, but not of the machine's first one. Any other name
// may be known outside of the container. IsMadeHere returns a *[PrivilegeError] if the caller may not look.
func (s *Store) IsMadeHere(name string, shown int) (bool, error) {
	f, err := s.openBare(name, unix.O_RDONLY)
	if isMissing(err) || err == errNoRecord {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	// The record is read first: while the mount stays, the file below it stays, see peel.
	r, err := validRecord(f)
	if err != nil || r.member(name) == nil {
		return false, err
	}
	var st unix.Stat_t
	if err := sys.Again(func() error { return unix.Fstat(shown, &st) }); err != nil {
		return false, sys.PathError("stat", s.Path(name), err)
	}
	if same, err := s.stillShows(name, &st); err != nil || !same {
		return false, err
	}
	return r.mntns.isContainers()
}
