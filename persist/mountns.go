//go:build linux

package persist

import (
	"path"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A mountNS identifies a mount namespace. The kernel uses an inode number again when its namespace has ended, but no id until
// the machine starts again. Kernels before 6.11 have no ids. Then the id is 0.
type mountNS struct {
	inode, id uint64
}

func (a mountNS) is(b mountNS) bool {
	return a.inode == b.inode && (a.id == b.id || a.id == 0 || b.id == 0)
}

// thisMountNS returns that of the calling thread: a program that embeds the package may have moved the thread.
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

// isContainers reports whether a mount namespace is the caller's or that of the first process that /proc shows, and not the
// machine's first. A container can share the machine's first one. Its names are then known outside.
func (a mountNS) isContainers() (bool, error) {
	if a.inode == sys.FirstMountNS || a.id == sys.FirstMountNSID {
		return false, nil
	}
	own, err := thisMountNS()
	if err != nil || a.is(own) {
		return err == nil, err
	}
	first, err := mountNSOf("/proc/1")
	return err == nil && a.is(first), nil
}

// HiddenFromInit reports whether a name shows a namespace to the caller but not to PID 1. That happens in a mount namespace
// out of which the run directory does not propagate. Processes outside then take the name for left behind. If the caller may
// not look, HiddenFromInit returns false.
func (s *Store) HiddenFromInit(name string) bool {
	const first = "/proc/1"
	theirs, ours := sys.Inode(first+"/ns/mnt"), sys.Inode("/proc/thread-self/ns/mnt")
	if theirs == 0 || ours == 0 || ours == theirs {
		return false
	}
	root, err := sys.Open(first+"/root", unix.O_PATH)
	if err != nil {
		return false
	}
	defer root.Close()
	seen, err := sys.OpenAt(root, "."+s.Path(name), unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return true
	}
	defer seen.Close()
	ns, err := sys.IsNamespace(seen)
	return err == nil && !ns
}

// A fate tells whether a mount namespace is the caller's, lives or has ended, as far as the kernel shows. If the namespaces of a claim
// exist, they are mounted in the mount namespace in which the claim was made.
type fate int

const (
	unknown fate = iota // it is another one than the caller's, and the kernel does not show whether it lives
	here                // it is the caller's
	lives               // it is another one, which lives
	gone                // it has ended
)

// isElsewhere reports whether the mount namespace is another one than the caller's, and lives or may live.
func (f fate) isElsewhere() bool { return f == lives || f == unknown }

// fate asks the kernel for the mounts of another mount namespace, by its id (listmount(2), Linux 6.11). The kernel answers for
// every namespace, also from inside another PID namespace, and for a namespace that only a descriptor or a bind mount keeps.
//
// ENOENT means that the namespace is gone, or has only one mount, and so none of a network namespace. The kernel also returns
// ENOENT to a caller that may not look into the namespace. So it proves the end only to a caller that may look into all
// namespaces. Any other error, as of an older kernel or a seccomp filter, proves nothing, nor does a walk through /proc.
func (a mountNS) fate() (fate, error) {
	this, err := thisMountNS()
	if err != nil {
		return unknown, err
	}
	if a.is(this) {
		return here, nil
	}
	if a.id == 0 {
		return unknown, nil
	}
	var one [1]uint64
	switch _, err := sys.ListMounts(a.id, 0, one[:]); {
	case err == nil:
		return lives, nil
	case err == unix.ENOENT && seesAllMounts():
		return gone, nil
	}
	return unknown, nil
}

// seesAllMounts reports whether the caller may look into every mount namespace of the machine. That needs CAP_SYS_ADMIN in the
// machine's first user namespace, and a kernel that lists the mounts of the caller's own mount namespace.
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

// A spot is the mount point of a namespace: a file with this name on the file system with this device.
type spot struct {
	major, minor uint32
	name         string
}

// A census has the mount points of namespaces in all mount namespaces of the machine except the caller's. It is nil if the
// caller cannot see all of them.
type census map[spot]bool

// takeCensus asks the kernel for the mounts of every mount namespace. That takes Linux 6.12 (NS_MNT_GET_NEXT, ioctl_nsfs(2)),
// CAP_SYS_ADMIN in the machine's first user namespace and, on most kernels, a process in its first PID namespace.
func takeCensus() census {
	if !seesAllMounts() {
		return nil
	}
	own, err := openProc("/proc/thread-self/ns/mnt")
	if err != nil {
		return nil
	}
	defer own.Close()
	c := census{}
	// Downwards first: the kernel puts a namespace that is made meanwhile at the end.
	for _, direction := range []uintptr{sys.PreviousNS, sys.NextNS} {
		if !c.follow(int(own.Fd()), direction) {
			return nil
		}
	}
	return c
}

// follow adds the mount namespaces before or after an open one, and reports whether it reached the end.
func (c census) follow(from int, direction uintptr) bool {
	at, err := unix.FcntlInt(uintptr(from), unix.F_DUPFD_CLOEXEC, 0)
	for err == nil {
		fd, id, nextErr := sys.NextMountNS(at, direction)
		unix.Close(at)
		if nextErr != nil {
			return nextErr == unix.ENOENT
		}
		at, err = fd, c.add(id)
		if err != nil {
			unix.Close(at)
		}
	}
	return false
}

// add adds the mounts of a mount namespace. A namespace that has ended meanwhile has none.
func (c census) add(namespace uint64) error {
	room := make([]uint64, 512)
	for after := uint64(0); ; {
		ids, err := sys.ListMounts(namespace, after, room)
		if err == unix.ENOENT {
			return nil
		}
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := c.addMount(namespace, id); err != nil && err != unix.ENOENT { // unmounted meanwhile
				return err
			}
		}
		if len(ids) < len(room) {
			return nil
		}
		after = ids[len(ids)-1]
	}
}

// addMount adds a mount if it is a namespace's.
func (c census) addMount(namespace, id uint64) error {
	m, point, err := sys.StatMount(namespace, id, sys.StatMountBasic|sys.StatMountPoint)
	if err != nil || m.Magic != unix.NSFS_MAGIC {
		return err
	}
	below, _, err := sys.StatMount(namespace, m.Parent, sys.StatMountBasic)
	if err == nil {
		c[spot{below.Major, below.Minor, path.Base(point)}] = true
	}
	return err
}

// has reports whether a namespace is mounted, in one of the mount namespaces, on a file with this name on the same device. A
// file of the same name in another directory also counts.
func (c census) has(name string, file *unix.Stat_t) bool {
	device := uint64(file.Dev)
	return c[spot{unix.Major(device), unix.Minor(device), name}]
}
