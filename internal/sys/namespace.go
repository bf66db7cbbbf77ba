//go:build linux

package sys

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The inode numbers of the machine's first namespaces (linux/proc_ns.h, linux/nsfs.h).
const (
	FirstMountNS = 0xEFFFFFF8 // since Linux 6.18
	FirstPIDNS   = 0xEFFFFFFC
	firstUserNS  = 0xEFFFFFFD
)

// FirstMountNSID is the id of the machine's first mount namespace, see [MountNSID].
const FirstMountNSID = 1

// A UserNS tells in which user namespace this process is.
type UserNS int

// The user namespaces.
const (
	UnknownUserNS UserNS = iota // /proc does not show it
	FirstUserNS                 // the machine's first one
	OtherUserNS                 // any other one
)

// UserNamespace returns in which user namespace this process is. If /proc is missing, covered or otherwise unreadable, the
// answer is UnknownUserNS. A caller must not take that for either of the others.
func UserNamespace() UserNS {
	f, err := Open("/proc/self/ns/user", unix.O_RDONLY)
	if err != nil {
		return UnknownUserNS
	}
	defer f.Close()
	if ns, err := IsNamespace(f); err != nil || !ns {
		return UnknownUserNS
	}
	switch st, err := Fstat(f); {
	case err != nil:
		return UnknownUserNS
	case st.Ino == firstUserNS:
		return FirstUserNS
	}
	return OtherUserNS
}

// IsNamespace reports whether an open file is on nsfs, and so a namespace of some type.
func IsNamespace(f *os.File) (bool, error) {
	var st unix.Statfs_t
	err := Again(func() error { return unix.Fstatfs(int(f.Fd()), &st) })
	return st.Type == unix.NSFS_MAGIC, PathError("statfs", f.Name(), err)
}

// IsNetwork reports whether an open namespace is a network namespace.
func IsNetwork(ns *os.File) bool {
	kind, err := NamespaceType(ns)
	return err == nil && kind == unix.CLONE_NEWNET
}

// NamespaceType returns the type of a namespace that is open for reading, as a flag of clone(2), see ioctl_ns(2).
func NamespaceType(ns *os.File) (int, error) {
	kind, err := unix.IoctlRetInt(int(ns.Fd()), unix.NS_GET_NSTYPE)
	return kind, PathError("ioctl", ns.Name(), err)
}

// MountNSID returns the unique id of an open mount namespace, or 0 before Linux 6.11 (ioctl_ns(2)). Unlike an inode number,
// the kernel does not use it again.
func MountNSID(f *os.File) (id uint64) {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.NS_GET_MNTNS_ID, uintptr(unsafe.Pointer(&id)))
	if errno != 0 {
		return 0
	}
	return id
}

// PidfdNetwork opens the network namespace of the process behind a pidfd. Before Linux 6.11 it fails, and if the process has
// ended, with ESRCH.
func PidfdNetwork(pidfd int) (fd int, err error) {
	const pidfdGetNetNamespace = 0xff04 // PIDFD_GET_NET_NAMESPACE of linux/pidfd.h
	return unix.IoctlRetInt(pidfd, pidfdGetNetNamespace)
}
