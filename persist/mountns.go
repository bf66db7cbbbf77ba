//go:build linux

package persist

import (
	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A mountNS identifies a mount namespace. An inode number is reused as soon as its namespace is gone; the id never is
// before the machine is started again, but kernels before 6.11 have none, and then it is 0.
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
	st, err := sys.Fstat(f)
	if err != nil {
		return ns, err
	}
	return mountNS{st.Ino, sys.MountNSID(f)}, nil
}

// A fate is what can be known of a mount namespace that is not the caller's.
type fate int

const (
	unknown fate = iota
	lives
	gone
)

// fate asks the kernel for the mounts of the mount namespace, by its id (listmount(2), Linux 6.11). That answers for every
// namespace, also from inside another PID namespace, and for one that only a descriptor or a bind mount keeps.
//
// ENOENT means that the namespace is gone, or has one mount alone, so none of a network namespace. But a caller that may not
// look into it gets ENOENT as well, so that proves something only where the caller may look into all. Any other error, as of
// an older kernel or a seccomp filter, proves nothing, nor does a walk through /proc.
func (a mountNS) fate() fate {
	if a.id == 0 {
		return unknown
	}
	var one [1]uint64
	switch _, err := sys.ListMounts(a.id, 0, one[:]); {
	case err == nil:
		return lives
	case err == unix.ENOENT && seesAllMounts():
		return gone
	}
	return unknown
}

// seesAllMounts reports whether the caller may look into every mount namespace of the machine: it has CAP_SYS_ADMIN in the
// machine's first user namespace, and its own mount namespace shows that the kernel answers.
func seesAllMounts() bool {
	if !HasCapability(unix.CAP_SYS_ADMIN) || sys.UserNamespace() != sys.FirstUserNS {
		return false
	}
	own, err := thisMountNS()
	if err != nil || own.id == 0 {
		return false
	}
	var one [1]uint64
	_, err = sys.ListMounts(own.id, 0, one[:])
	return err == nil
}
