package persist

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Open opens an existing run directory, or the default one if dir is empty. It needs no privilege. If the directory is
// missing, the error matches [fs.ErrNotExist]. If another user could write to it, Open returns a *[TrustError].
func Open(dir string) (*Store, error) {
	dir, err := DirPath(dir)
	if err != nil {
		return nil, err
	}
	if _, _, err := walk(dir, false); err != nil {
		return nil, err
	}
	f, err := sys.Open(dir, unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if errors.Is(err, unix.ELOOP) {
		err = sys.PathError("open", dir, unix.ENOTDIR) // a link, which Open does not follow
	}
	if errors.Is(err, unix.ENOTDIR) {
		err = fmt.Errorf("%w: the run directory must be one; move it away, or name another", err)
	}
	if err != nil {
		return nil, err
	}
	return FromFile(f), nil
}

// IsCurrent reports whether the path of the directory still leads to the open directory, in the same mount. Before Linux 5.8
// it does not compare the mounts.
func (s *Store) IsCurrent() bool {
	const want = unix.STATX_INO | unix.STATX_MNT_ID
	var open, at unix.Statx_t
	return sys.Again(func() error { return unix.Statx(int(s.dir.Fd()), "", unix.AT_EMPTY_PATH, want, &open) }) == nil &&
		sys.Again(func() error { return unix.Statx(unix.AT_FDCWD, s.Dir(), unix.AT_SYMLINK_NOFOLLOW, want, &at) }) == nil &&
		open.Ino == at.Ino && open.Dev_major == at.Dev_major && open.Dev_minor == at.Dev_minor && open.Mnt_id == at.Mnt_id
}

// Names returns all names in the run directory, sorted, in any state. It needs no privilege.
func (s *Store) Names() ([]string, error) {
	dir, err := sys.OpenAt(s.dir, ".", unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// statIn returns the status of a name in a directory: the run directory, or that without its mounts. It follows no link, and
// returns a *[NotExistError] if the name is missing.
func (s *Store) statIn(dir *os.File, name string) (st unix.Stat_t, err error) {
	err = sys.Again(func() error { return unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if err == unix.ENOENT {
		return st, &NotExistError{s.Path(name)}
	}
	return st, sys.PathError("stat", s.Path(name), err)
}

// stillShows reports whether a name shows an open file or mount with this status.
func (s *Store) stillShows(name string, open *unix.Stat_t) (bool, error) {
	return s.isIn(s.dir, name, open)
}

// covers reports whether the mounts on a name cover an open file with this status.
func (s *Store) covers(name string, open *unix.Stat_t) (bool, error) {
	bare, err := s.uncovered()
	if err != nil {
		return false, err
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

// uncovered returns the directory without the mounts in it. It belongs to the Store.
func (s *Store) uncovered() (_ *os.File, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bare == nil {
		s.bare, err = openTree(s.dir, 0)
	}
	return s.bare, err
}

// openTree clones the mount of a directory, alone or with the mounts below it, and attaches the clone nowhere.
func openTree(dir *os.File, flags uint) (*os.File, error) {
	fd, err := sys.OpenTree(int(dir.Fd()), "", unix.AT_EMPTY_PATH|flags)
	if err != nil {
		return nil, explainMount("open_tree", dir.Name(), err)
	}
	return os.NewFile(uintptr(fd), dir.Name()), nil
}

// A name has layers: the mounts on it, of which it shows the uppermost, and the file that they cover, its claim. The functions
// here open a layer.

// open opens a name in a directory: the run directory, or that without its mounts. It returns a *[NotExistError] if the name is
// missing. Any other error that matches [fs.ErrNotExist] is about /proc.
func (s *Store) open(dir *os.File, name string, flags int) (*os.File, error) {
	f, err := sys.OpenAt(dir, name, flags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotExistError{s.Path(name)}
	}
	return f, err
}

// openTop opens the uppermost layer of a name, with O_PATH. It follows no link.
func (s *Store) openTop(name string) (*os.File, error) {
	return s.open(s.dir, name, unix.O_PATH|unix.O_NOFOLLOW)
}

// openShown opens the uppermost layer of a name, and reports whether that is a namespace. A namespace is then open for
// setns(2). Anything else is open with O_PATH, because opening a device or a pipe has effects. (Only a trusted user can put a
// pipe there between the two calls.) If the name changed meanwhile, openShown returns no file.
func (s *Store) openShown(name string) (f *os.File, st unix.Stat_t, namespace bool, err error) {
	nsfs, err := nsfsDevice()
	if err != nil {
		return nil, st, false, err
	}
	seen, err := s.statIn(s.dir, name)
	if err != nil {
		return nil, st, false, err
	}
	if namespace = seen.Dev == nsfs; namespace {
		f, err = s.open(s.dir, name, unix.O_RDONLY|unix.O_NOFOLLOW)
	} else {
		f, err = s.openTop(name)
	}
	if err == nil {
		if st, err = sys.Fstat(f); err == nil && st.Dev == seen.Dev && st.Ino == seen.Ino {
			return f, st, namespace, nil
		}
		f.Close()
	}
	if same, statErr := s.stillShows(name, &seen); statErr == nil && !same {
		err = nil
	}
	return nil, st, false, err
}

// nsfsDevice returns the device of all namespaces.
var nsfsDevice = sync.OnceValues(func() (uint64, error) {
	const own = "/proc/self/ns/net"
	var st unix.Stat_t
	err := sys.Again(func() error { return unix.Stat(own, &st) })
	return uint64(st.Dev), NeedsProc(sys.PathError("stat", own, err))
})

// openBare opens the file that a name's mounts cover. Unless the flags have O_PATH, it returns errNoRecord for anything but a
// regular file, and does not open it: opening a pipe waits, and opening a device has effects.
func (s *Store) openBare(name string, flags int) (*os.File, error) {
	bare, err := s.uncovered()
	if err != nil {
		return nil, err
	}
	if flags&unix.O_PATH == 0 {
		st, err := s.statIn(bare, name)
		if err != nil {
			return nil, err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFREG {
			return nil, errNoRecord
		}
	}
	f, err := s.open(bare, name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	return f, refused(err)
}

// openClaim opens a name's claim, and reports whether a namespace covers it. It returns no file if the name is missing or has no
// regular file.
func (s *Store) openClaim(name string) (f *os.File, covered bool, err error) {
	top, err := s.openTop(name)
	if err != nil {
		return nil, false, unlessMissing(err)
	}
	defer top.Close()
	st, err := sys.Fstat(top)
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, false, err
	}
	if covered, err = sys.IsNamespace(top); err != nil {
		return nil, false, err
	}
	if covered {
		f, err = s.openBare(name, unix.O_RDONLY)
	} else {
		f, err = s.open(s.dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	}
	if err == errNoRecord {
		err = nil
	}
	return f, covered, unlessMissing(err)
}

// recordOf returns the record of a name's claim, or nil if the name is missing or has none.
func (s *Store) recordOf(name string) (*record, error) {
	f, _, err := s.openClaim(name)
	if f == nil {
		return nil, err
	}
	defer f.Close()
	return validRecord(f)
}

// isBlind reports whether an error means that the kernel does not let the caller see the files below the mounts of the run
// directory. That takes a clone of its mount, and so a mount namespace, and ENOSPC means that user.max_mnt_namespaces of them
// exist (namespaces(7)). EINVAL means that the caller's user namespace may not take mounts from outside off their mount.
func isBlind(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL) }
