//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A claim has an open-file-description lock. All processes that inherit the descriptor share the lock, and it ends with the
// last of them (fcntl(2)). For the locks on a run directory, see lockDir and lockOutIP.

func lockClaim(f *os.File) error {
	lock := unix.Flock_t{Type: unix.F_WRLCK} // of the whole file
	return sys.Again(func() error { return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock) })
}

// isLocked reports whether another open file description holds the claim's lock.
func isLocked(f *os.File) (bool, error) {
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err := sys.Again(func() error { return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock) })
	return lock.Type != unix.F_UNLCK, sys.PathError("fcntl", f.Name(), err)
}

// patience is how long a caller waits for a lock of another process. This package holds its locks for milliseconds.
const patience = 5 * time.Second

// errPatience is the error of wait after its time limit.
var errPatience = errors.New("timed out")

// longestPause is the longest pause of wait.
const longestPause = 20 * time.Millisecond

// wait calls try until it returns anything but EAGAIN, the context ends or the time limit is reached.
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

// lockFor takes the lock of a name's claim. The members of one transaction share the lock, so callers that delete several
// members at once queue for it. While the claim changes, lockFor waits on, because the callers before it make progress.
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

// openBy returns the processes that have a file open through another descriptor than f, as far as the caller may see them.
// It searches all of /proc, so it is only for an error.
func openBy(f *os.File) string {
	st, err := sys.Fstat(f)
	if err != nil {
		return ""
	}
	var holders []string
	for _, process := range numbersIn("/proc") {
		dir := fmt.Sprintf("/proc/%d", process)
		for _, fd := range numbersIn(dir + "/fd") {
			if process == os.Getpid() && fd == int(f.Fd()) {
				continue
			}
			var seen unix.Stat_t
			if unix.Stat(dir+"/fd/"+strconv.Itoa(fd), &seen) != nil || seen.Dev != st.Dev || seen.Ino != st.Ino {
				continue
			}
			command, _ := os.ReadFile(dir + "/comm")
			holders = append(holders, fmt.Sprintf("%d (%s)", process, strings.TrimSpace(string(command))))
			break
		}
	}
	return strings.Join(holders, ", ")
}

func numbersIn(path string) []int {
	dir, err := sys.Open(path, unix.O_DIRECTORY)
	if err != nil {
		return nil
	}
	defer dir.Close()
	numbers, _ := sys.Numbers(int(dir.Fd()), make([]byte, 16<<10))
	return numbers
}

// lockDir takes the lock for making or removing a run directory and its mounts. Any process that can read the directory could
// hold flock(2) on it for ever. So the lock is on a file beside the directory, which only root and its owner can open. unlock
// removes the file. If a killed process leaves one behind, a later caller uses and removes it.
//
// lockDir takes no lock, and returns no error, if other users may write to the parent directory, or the caller may not. It
// returns a *[BusyError] if another process keeps the lock for five seconds.
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
				_ = os.Remove(path) // while it is locked: after that, the path may lead to the next caller's file
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

// openLock opens or makes the file for the lock on a directory. It returns no file if there can be none.
func openLock(dir string) (*os.File, error) {
	parent := filepath.Dir(dir)
	var st unix.Stat_t
	if err := sys.Again(func() error { return unix.Stat(parent, &st) }); err != nil || st.Mode&0o022 != 0 {
		return nil, sys.PathError("stat", parent, err) // in such a directory the name may be another user's
	}
	path := filepath.Join(parent, "."+filepath.Base(dir)+".lock")
	for {
		fd, err := sys.AgainInt(func() (int, error) {
			return unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
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
		if err == nil { // other processes, such as those of a service, could hold the lock for ever
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

// courtesy is how long lockOutIP waits for the lock under which iproute2 7 sets the directory up.
const courtesy = 150 * time.Millisecond

// lockOutIP takes the directory's flock(2), as iproute2 does, if it gets it soon: any process that can read the directory can
// hold that lock for ever. Without the lock, attach finds out what ip netns did meanwhile.
func lockOutIP(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, refused(err)
	}
	flock := func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
	err = wait(ctx, courtesy, func() error { return sys.Again(flock) })
	if err != nil && ctx.Err() != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
