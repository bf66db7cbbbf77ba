//go:build linux

package persist

import (
	"os"
	"unsafe"

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
	st, err := fstat(f)
	if err != nil {
		return ns, err
	}
	return mountNS{st.Ino, mountNSID(f)}, nil
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
	switch _, err := listMounts(a.id, 0, one[:]); {
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
	if !HasCapability(unix.CAP_SYS_ADMIN) || !inFirstUserNamespace() {
		return false
	}
	own, err := thisMountNS()
	if err != nil || own.id == 0 {
		return false
	}
	var one [1]uint64
	_, err = listMounts(own.id, 0, one[:])
	return err == nil
}

// inFirstUserNamespace reports whether this process is in the machine's first user namespace, whose inode number is fixed
// (PROC_USER_INIT_INO of linux/proc_ns.h). It reports false where /proc does not show that.
func inFirstUserNamespace() bool {
	const first = 0xEFFFFFFD
	f, err := os.Open("/proc/self/ns/user")
	if err != nil {
		return false
	}
	defer f.Close()
	ns, err := isNamespace(f)
	if err != nil || !ns {
		return false
	}
	st, err := fstat(f)
	return err == nil && st.Ino == first
}

// A mountRequest is struct mnt_id_req of linux/mount.h, version 1.
type mountRequest struct {
	size, _   uint32
	mount     uint64
	param     uint64 // listmount: the last id of the list before; statmount: what to tell
	namespace uint64
}

// listMounts returns the unique ids of mounts in a mount namespace, in their order: those after the id given, and at most so
// many as there is room for.
func listMounts(namespace, after uint64, room []uint64) ([]uint64, error) {
	const root = ^uint64(0) // LSMT_ROOT
	request := mountRequest{size: unix.MNT_ID_REQ_SIZE_VER1, mount: root, param: after, namespace: namespace}
	n, _, errno := unix.Syscall6(unix.SYS_LISTMOUNT, uintptr(unsafe.Pointer(&request)),
		uintptr(unsafe.Pointer(&room[0])), uintptr(len(room)), 0, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return room[:n], nil
}
