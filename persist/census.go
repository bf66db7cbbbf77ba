//go:build linux

package persist

import (
	"path"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A spot is where a namespace is mounted: on a file of this name, on a file system with this device.
type spot struct {
	major, minor uint32
	name         string
}

// A census is where namespaces are mounted in all mount namespaces of the machine but the caller's.
type census map[spot]bool

// takeCensus asks the kernel for the mounts of every mount namespace. It returns nil if not all can be seen: that takes Linux
// 6.12 (NS_MNT_GET_NEXT, ioctl_nsfs(2)), CAP_SYS_ADMIN in the machine's first user namespace and, on most kernels, a process
// in its first PID namespace.
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
	// Downwards first: a namespace that is made meanwhile is the last one.
	for _, direction := range []uintptr{sys.PreviousNS, sys.NextNS} {
		if !c.follow(int(own.Fd()), direction) {
			return nil
		}
	}
	return c
}

// follow adds the mount namespaces before or after one, and reports whether it came to the end.
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

// add adds the mounts of a mount namespace. One that is gone by now has none.
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
			if err := c.addMount(namespace, id); err != nil && err != unix.ENOENT { // it was unmounted since
				return err
			}
		}
		if len(ids) < len(room) {
			return nil
		}
		after = ids[len(ids)-1]
	}
}

// addMount adds a mount, if it is one of a namespace.
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

// has reports whether a namespace is mounted on a file with this name on that device, in the census's mount namespaces. A file
// of the same name in another directory counts as well.
func (c census) has(name string, file *unix.Stat_t) bool {
	device := uint64(file.Dev)
	return c[spot{unix.Major(device), unix.Minor(device), name}]
}
