//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// again repeats a system call that a signal interrupted: the Go runtime sends itself signals all the time.
func again(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// openAt opens a name below a directory. An *os.File of a descriptor with O_PATH is good for Fd, Name and Close.
func openAt(dir *os.File, name string, flags int, mode uint32) (*os.File, error) {
	path := dir.Name()
	if name != "." {
		path += "/" + name
	}
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.Openat(int(dir.Fd()), name, flags|unix.O_CLOEXEC, mode)
		return err
	})
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// openProc opens a file in /proc for reading.
func openProc(path string) (*os.File, error) {
	f, err := openFile(path, unix.O_RDONLY)
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

// openFile opens a file without the Go runtime's poller, for which a thread would be woken.
func openFile(path string, flags int) (*os.File, error) {
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.Open(path, flags|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// procPath names an open file so that calls which take a path reach that very file, whatever its name is by now.
func procPath(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }

func fstat(f *os.File) (st unix.Stat_t, err error) {
	err = again(func() error { return unix.Fstat(int(f.Fd()), &st) })
	return st, pathError("stat", f.Name(), err)
}

// sameFile compares two open files; neither inode can be reused as long as they are open.
func sameFile(a, b *os.File) (bool, error) {
	sa, err := fstat(a)
	if err != nil {
		return false, err
	}
	sb, err := fstat(b)
	return sa.Dev == sb.Dev && sa.Ino == sb.Ino, err
}

// isNamespace says whether the file is on nsfs, and so a namespace of some type.
func isNamespace(f *os.File) (bool, error) {
	var st unix.Statfs_t
	err := again(func() error { return unix.Fstatfs(int(f.Fd()), &st) })
	return st.Type == unix.NSFS_MAGIC, pathError("statfs", f.Name(), err)
}

// mountNSID returns the unique id of an open mount namespace, or 0 before Linux 6.11, see ioctl_ns(2).
func mountNSID(f *os.File) (id uint64) {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.NS_GET_MNTNS_ID, uintptr(unsafe.Pointer(&id)))
	if errno != 0 {
		return 0
	}
	return id
}

// MountID returns the id of the mount that a path is on, as mountinfo has it.
func MountID(path string) (int, error) {
	f, err := openFile(path, unix.O_PATH)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return mountID(f)
}

// mountID returns the id of the mount that a file was opened on, as mountinfo has it. As long as the file is open, no other
// mount gets that.
func mountID(f *os.File) (int, error) {
	path := "/proc/self/fdinfo/" + strconv.Itoa(int(f.Fd()))
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, NeedsProc(err)
	}
	_, after, _ := strings.Cut(string(text), "mnt_id:")
	line, _, _ := strings.Cut(after, "\n")
	id, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0, fmt.Errorf("%s: mnt_id: %w", path, err)
	}
	return id, nil
}

// openTree clones the mount of a directory, alone or with those below it, without attaching it anywhere.
func openTree(dir *os.File, flags uint) (*os.File, error) {
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.OpenTree(int(dir.Fd()), "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH|flags)
		return err
	})
	if err != nil {
		return nil, explainMount("open_tree", dir.Name(), err)
	}
	return os.NewFile(uintptr(fd), dir.Name()), nil
}

// detach unmounts the mount that f was opened on, even if it is in use. It returns EINVAL if that is mounted no more,
// and never touches another one: the path leads to the mount, not to the name (umount(2), path_umount).
func detach(f *os.File) error {
	return again(func() error { return unix.Unmount(procPath(f), unix.MNT_DETACH) })
}

// The two locks: an open-file-description lock on a claim, which all processes share that inherit the descriptor and
// which ends with the last of them (fcntl(2)), and flock(2) on the run directory, as iproute2 takes it.

func wholeFile(kind int16) *unix.Flock_t { return &unix.Flock_t{Type: kind} }

func lockClaim(f *os.File) error {
	return again(func() error { return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, wholeFile(unix.F_WRLCK)) })
}

// isLocked says whether another open file description holds the claim's lock.
func isLocked(f *os.File) (bool, error) {
	lock := wholeFile(unix.F_WRLCK)
	err := again(func() error { return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, lock) })
	return lock.Type != unix.F_UNLCK, pathError("fcntl", f.Name(), err)
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

// pathError gives the error of a system call its name and path.
func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: path, Err: err}
}
