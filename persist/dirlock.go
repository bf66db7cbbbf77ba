//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// lockDir takes the lock under which a run directory is made, and becomes a mount. Anybody who can read the directory can
// flock(2) it, so the lock is on a file beside it that only root and its owner can open. The file goes with the lock; a
// later caller uses, and removes, one that a killed process left behind.
//
// If there can be no such file, because others may write to the parent directory, or the caller may not, lockDir takes no
// lock and returns no error. It returns a *[BusyError] if another process keeps the lock for five seconds.
func lockDir(ctx context.Context, dir string) (unlock func(), err error) {
	for {
		f, err := openLock(dir)
		if f == nil {
			return func() {}, err
		}
		path := f.Name()
		err = wait(ctx, patience, func() error { return lockClaim(f) })
		if err == nil && isAt(f, path) {
			return func() {
				_ = os.Remove(path) // before the next one can have the lock: then the file may be that one's
				f.Close()
			}, nil
		}
		f.Close()
		switch {
		case err == errPatience:
			return nil, &BusyError{dir, fmt.Sprintf("another process has held the lock on %s for %v; fuser or lsof shows which", path, patience)}
		case err != nil:
			return nil, sys.PathError("fcntl", path, err)
		}
	}
}

// openLock opens the file for the lock on a directory, or makes it. It returns no file if there can be none.
func openLock(dir string) (*os.File, error) {
	parent := filepath.Dir(dir)
	var st unix.Stat_t
	if err := sys.Again(func() error { return unix.Stat(parent, &st) }); err != nil || st.Mode&0o022 != 0 {
		return nil, sys.PathError("stat", parent, err) // in such a directory the name may be another user's
	}
	path := filepath.Join(parent, "."+filepath.Base(dir)+".lock")
	for {
		fd := -1
		err := sys.Again(func() (err error) {
			fd, err = unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
			return err
		})
		if errors.Is(err, fs.ErrPermission) || err == unix.EROFS {
			return nil, nil
		}
		if err != nil {
			return nil, sys.PathError("open", path, err)
		}
		f := os.NewFile(uintptr(fd), path)
		st, err := sys.Fstat(f)
		if err == nil && isOurs(st.Uid) && st.Mode == unix.S_IFREG|0o600 {
			return f, nil
		}
		f.Close()
		if err == nil { // a service's, say, whose other processes could hold the lock for ever
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// isAt reports whether a path leads to an open file, and not through a link.
func isAt(f *os.File, path string) bool {
	st, err := sys.Fstat(f)
	var at unix.Stat_t
	return err == nil && sys.Again(func() error { return unix.Lstat(path, &at) }) == nil && at.Dev == st.Dev && at.Ino == st.Ino
}
