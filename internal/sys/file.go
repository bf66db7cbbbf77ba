//go:build linux

package sys

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Open opens a file. Unlike os.OpenFile it does not use the Go runtime's poller, which would start a thread.
func Open(path string, flags int) (*os.File, error) { return open(unix.AT_FDCWD, path, path, flags, 0) }

// OpenAt opens a name in a directory. It accepts O_PATH; of such a file only Fd, Name and Close can be used.
func OpenAt(dir *os.File, name string, flags int, mode uint32) (*os.File, error) {
	path := dir.Name()
	if name != "." {
		path += "/" + name
	}
	return open(int(dir.Fd()), name, path, flags, mode)
}

func open(dir int, name, path string, flags int, mode uint32) (*os.File, error) {
	fd, err := AgainInt(func() (int, error) { return unix.Openat(dir, name, flags|unix.O_CLOEXEC, mode) })
	if err != nil {
		return nil, PathError("open", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// FdPath returns a path to an open file. A call that takes this path reaches that file even if its name has changed.
func FdPath(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }

// Fstat is fstat(2).
func Fstat(f *os.File) (st unix.Stat_t, err error) {
	err = Again(func() error { return unix.Fstat(int(f.Fd()), &st) })
	return st, PathError("stat", f.Name(), err)
}

// Inode returns the inode number of the file that a path leads to, or 0 if stat(2) fails.
func Inode(path string) uint64 {
	var st unix.Stat_t
	if Again(func() error { return unix.Stat(path, &st) }) != nil {
		return 0
	}
	return st.Ino
}

// SameFile reports whether two open files are one. While both are open, the kernel does not give their inode numbers to other
// files.
func SameFile(a, b *os.File) (bool, error) {
	sa, err := Fstat(a)
	if err != nil {
		return false, err
	}
	sb, err := Fstat(b)
	return sa.Dev == sb.Dev && sa.Ino == sb.Ino, err
}
