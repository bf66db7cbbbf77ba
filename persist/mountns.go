//go:build linux

package persist

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A mountNS identifies a mount namespace. An inode number is reused as soon as its namespace is gone; the id never is,
// but kernels before 6.11 have none, and then it is 0.
type mountNS struct {
	inode, id uint64
}

func (a mountNS) is(b mountNS) bool {
	return a.inode == b.inode && (a.id == b.id || a.id == 0 || b.id == 0)
}

// thisMountNS returns the calling thread's: an embedder's thread may have gone to another one than its process.
func thisMountNS() (mountNS, error) { return mountNSOf("/proc/thread-self") }

// mountNSOf returns that of a process or thread, by its directory in /proc.
func mountNSOf(proc string) (ns mountNS, err error) {
	f, err := openProc(proc + "/ns/mnt")
	if err != nil {
		return ns, err
	}
	defer f.Close()
	st, err := fstat(f)
	if err != nil {
		return ns, err
	}
	return mountNS{st.Ino, mountNSID(f)}, nil
}

// lives says whether any thread is in the mount namespace, as far as can be known: it is not known where there is none
// among those that may be looked at.
func (a mountNS) lives() (lives, known bool, err error) {
	threads, err := filepath.Glob("/proc/[0-9]*/task/[0-9]*")
	if err != nil {
		return false, false, err
	}
	known = true
	for _, thread := range threads {
		ns, err := mountNSOf(thread)
		switch {
		case err == nil && a.is(ns):
			return true, true, nil
		case errors.Is(err, fs.ErrPermission):
			known = false
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ESRCH):
			return false, false, err
		}
	}
	return false, known, nil
}
