//go:build linux

package persist

import (
	"os"
	"path"
	"unsafe"

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
	for _, next := range []uintptr{nsMountGetPrev, nsMountGetNext} {
		if !c.follow(int(own.Fd()), next) {
			return nil
		}
	}
	return c
}

const (
	nsMountGetNext = 0x8010b70b // NS_MNT_GET_NEXT of linux/nsfs.h
	nsMountGetPrev = 0x8010b70c // NS_MNT_GET_PREV
)

// A mountNSInfo is struct mnt_ns_info of linux/nsfs.h.
type mountNSInfo struct {
	size, mounts uint32
	id           uint64
}

// follow adds the mount namespaces before or after one, and reports whether it came to the end.
func (c census) follow(from int, next uintptr) bool {
	at, err := unix.FcntlInt(uintptr(from), unix.F_DUPFD_CLOEXEC, 0)
	for err == nil {
		info := mountNSInfo{size: uint32(unsafe.Sizeof(mountNSInfo{}))}
		fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(at), next, uintptr(unsafe.Pointer(&info)))
		unix.Close(at)
		if errno != 0 {
			return errno == unix.ENOENT
		}
		at, err = int(fd), c.add(info.id)
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
		ids, err := listMounts(namespace, after, room)
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
	m, point, err := statMount(namespace, id, statMountBasic|statMountPoint)
	if err != nil || m.magic != unix.NSFS_MAGIC {
		return err
	}
	below, _, err := statMount(namespace, m.parent, statMountBasic)
	if err == nil {
		c[spot{below.major, below.minor, path.Base(point)}] = true
	}
	return err
}

// has reports whether a namespace is mounted on a file with this name on that device, in the census's mount namespaces. A file
// of the same name in another directory counts as well.
func (c census) has(name string, file *unix.Stat_t) bool {
	device := uint64(file.Dev)
	return c[spot{unix.Major(device), unix.Minor(device), name}]
}

// What statMount is to tell: STATMOUNT_SB_BASIC and STATMOUNT_MNT_BASIC, and STATMOUNT_MNT_POINT, of linux/mount.h.
const (
	statMountBasic = 0x1 | 0x2
	statMountPoint = 0x10
)

// A mountStat is the beginning of struct statmount of linux/mount.h.
type mountStat struct {
	size, _      uint32
	mask         uint64
	major, minor uint32
	magic        uint64
	_, _         uint32
	id, parent   uint64
	_            [6]uint64
	_, point     uint32
	_            [50]uint64
	text         [unix.PathMax]byte
}

// statMount returns what there is to be known of a mount, and its mount point (statmount(2)).
func statMount(namespace, id, what uint64) (m mountStat, point string, err error) {
	request := mountRequest{size: unix.MNT_ID_REQ_SIZE_VER1, mount: id, param: what, namespace: namespace}
	_, _, errno := unix.Syscall6(unix.SYS_STATMOUNT, uintptr(unsafe.Pointer(&request)),
		uintptr(unsafe.Pointer(&m)), unsafe.Sizeof(m), 0, 0, 0)
	if errno != 0 {
		return m, "", errno
	}
	if what&statMountPoint != 0 {
		if m.mask&statMountPoint == 0 || int(m.point) >= len(m.text) {
			return m, "", os.ErrInvalid
		}
		point = unix.ByteSliceToString(m.text[m.point:])
	}
	return m, point, nil
}
