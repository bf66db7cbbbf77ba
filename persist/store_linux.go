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

// Open opens an existing run directory, or the default one if dir is empty. It needs no privilege.
// Where there is none, the error matches [fs.ErrNotExist]; where somebody else could write to it, it is a *[TrustError].
func Open(dir string) (*Store, error) {
	dir, err := DirPath(dir)
	if err != nil {
		return nil, err
	}
	if err := CheckTrust(dir); err != nil {
		return nil, err
	}
	f, err := sys.Open(dir, unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if errors.Is(err, unix.ELOOP) {
		err = sys.PathError("open", dir, unix.ENOTDIR) // a link, and none is followed
	}
	if errors.Is(err, unix.ENOTDIR) {
		err = fmt.Errorf("%w: the run directory must be one; move it away, or name another", err)
	}
	if err != nil {
		return nil, err
	}
	return FromFile(f), nil
}

// IsCurrent says whether the directory's path still leads to what is open here: the same directory in the same mount.
// Before Linux 5.8 the mount is not looked at.
func (s *Store) IsCurrent() bool {
	const want = unix.STATX_INO | unix.STATX_MNT_ID
	var here, there unix.Statx_t
	return sys.Again(func() error { return unix.Statx(int(s.dir.Fd()), "", unix.AT_EMPTY_PATH, want, &here) }) == nil &&
		sys.Again(func() error { return unix.Statx(unix.AT_FDCWD, s.Dir(), unix.AT_SYMLINK_NOFOLLOW, want, &there) }) == nil &&
		here.Ino == there.Ino && here.Dev_major == there.Dev_major && here.Dev_minor == there.Dev_minor && here.Mnt_id == there.Mnt_id
}

// Names returns what there is in the run directory, sorted, whatever state it is in. It needs no privilege.
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

// openTop opens what a name shows, the uppermost mount if there is one, and never follows a link.
func (s *Store) openTop(name string) (*os.File, error) {
	return s.open(s.dir, name, unix.O_PATH|unix.O_NOFOLLOW)
}

// open opens a name in a directory, the run directory or that without its mounts. It returns a *[NotExistError] if the name is
// missing, and that alone says so: what else is not found may be in /proc.
func (s *Store) open(dir *os.File, name string, flags int) (*os.File, error) {
	f, err := sys.OpenAt(dir, name, flags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotExistError{s.Path(name)}
	}
	return f, err
}

// openShown opens what a name shows, and says whether that is a namespace, which is then open for setns(2). Anything else is
// open with O_PATH: to open a device or a pipe does something. If the name changed meanwhile, it returns no file. (Who puts a
// pipe there just then is somebody whom we trust, or could do worse.)
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

// nsfsDevice returns the device that all namespaces are on.
var nsfsDevice = sync.OnceValues(func() (uint64, error) {
	const ours = "/proc/self/ns/net"
	var st unix.Stat_t
	err := sys.Again(func() error { return unix.Stat(ours, &st) })
	return uint64(st.Dev), NeedsProc(sys.PathError("stat", ours, err))
})

// statIn is what fstat would say of a name in a directory, were it open. It follows no link, and returns a *[NotExistError] if
// the name is missing.
func (s *Store) statIn(dir *os.File, name string) (st unix.Stat_t, err error) {
	err = sys.Again(func() error { return unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if err == unix.ENOENT {
		return st, &NotExistError{s.Path(name)}
	}
	return st, sys.PathError("stat", s.Path(name), err)
}

// openBare opens the file that a name's mounts cover. It returns errNoRecord for what is no regular file, which it does not
// open: opening a pipe waits, and opening a device does something.
func (s *Store) openBare(name string, flags int) (*os.File, error) {
	bare, err := s.uncovered()
	if err != nil {
		return nil, refused(err)
	}
	st, err := s.statIn(bare, name)
	if err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, errNoRecord
	}
	f, err := s.open(bare, name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	return f, refused(err)
}

// openPlain opens, with O_PATH, what a name's mounts cover, whatever that is.
func (s *Store) openPlain(name string) (*os.File, error) {
	bare, err := s.uncovered()
	if err != nil {
		return nil, refused(err)
	}
	return s.open(bare, name, unix.O_PATH|unix.O_NOFOLLOW)
}

// recordOf returns the record of a name's claim, which may be covered by a mount, or nil if it has none.
func (s *Store) recordOf(name string) (*record, error) {
	f, _, err := s.openClaim(name)
	if f == nil {
		return nil, err
	}
	defer f.Close()
	r, err := readRecord(f)
	if isVerdict(err) {
		return nil, nil
	}
	return r, err
}

// openClaim opens the regular file that a name is, or that its mounts cover, and reports which. It returns no file for
// anything else.
func (s *Store) openClaim(name string) (f *os.File, covered bool, err error) {
	top, err := s.openTop(name)
	if err != nil {
		return nil, false, err
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
	return f, covered, err
}

// uncovered returns the directory without what is mounted in it. It belongs to the Store.
func (s *Store) uncovered() (_ *os.File, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bare == nil {
		s.bare, err = openTree(s.dir, 0)
	}
	return s.bare, err
}
