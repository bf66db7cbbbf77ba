//go:build linux

package persist

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// openProc opens a file in /proc for reading.
func openProc(path string) (*os.File, error) {
	f, err := sys.Open(path, unix.O_RDONLY)
	return f, NeedsProc(err)
}

// NeedsProc returns an *[UnsupportedError] for the error of a path in /proc that is missing because proc(5) is not mounted there.
// Any other error stays as it is.
func NeedsProc(err error) error {
	var fs unix.Statfs_t
	if !errors.Is(err, unix.ENOENT) || unix.Statfs("/proc", &fs) == nil && fs.Type == unix.PROC_SUPER_MAGIC {
		return err
	}
	return &UnsupportedError{"/proc must be mounted, see proc(5)", err}
}

// openTree clones the mount of a directory, alone or with those below it, without attaching it anywhere.
func openTree(dir *os.File, flags uint) (*os.File, error) {
	fd, err := sys.OpenTree(int(dir.Fd()), "", unix.AT_EMPTY_PATH|flags)
	if err != nil {
		return nil, explainMount("open_tree", dir.Name(), err)
	}
	return os.NewFile(uintptr(fd), dir.Name()), nil
}

// detach unmounts the mount that f was opened on, even if it is in use. It returns EINVAL if that is mounted no more,
// and never touches another one: the path leads to the mount, not to the name (umount(2), path_umount).
func detach(f *os.File) error {
	return sys.Again(func() error { return unix.Unmount(sys.FdPath(f), unix.MNT_DETACH) })
}

// The two locks: an open-file-description lock on a claim, which all processes share that inherit the descriptor and
// which ends with the last of them (fcntl(2)), and flock(2) on the run directory, as iproute2 takes it.

func wholeFile(kind int16) *unix.Flock_t { return &unix.Flock_t{Type: kind} }

func lockClaim(f *os.File) error {
	return sys.Again(func() error { return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, wholeFile(unix.F_WRLCK)) })
}

// isLocked says whether another open file description holds the claim's lock.
func isLocked(f *os.File) (bool, error) {
	lock := wholeFile(unix.F_WRLCK)
	err := sys.Again(func() error { return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, lock) })
	return lock.Type != unix.F_UNLCK, sys.PathError("fcntl", f.Name(), err)
}

// patience is how long a lock is waited for that somebody else holds. Ours hold theirs for milliseconds, but anybody
// who can read the run directory can flock it.
const patience = 5 * time.Second

// errPatience is what wait returns when its time is up.
var errPatience = errors.New("timed out")

// longestPause is the longest that wait does not try.
const longestPause = 20 * time.Millisecond

// wait calls try until it returns something else than EAGAIN, the context ends or the limit is reached.
func wait(ctx context.Context, limit time.Duration, try func() error) error {
	deadline := time.Now().Add(limit)
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, longestPause) {
		if err := try(); err != unix.EAGAIN {
			return err
		}
		if time.Now().After(deadline) {
			return errPatience
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}
