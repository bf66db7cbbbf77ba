//go:build linux

package sys

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A mountRequest is struct mnt_id_req of linux/mount.h, version 1.
type mountRequest struct {
	size, _   uint32
	mount     uint64
	param     uint64 // listmount: the last id of the list before; statmount: the fields that the kernel fills in
	namespace uint64
}

// ListMounts returns ids of mounts in a mount namespace, in ascending order: those after an id, and no more than fit in room
// (listmount(2), Linux 6.11).
func ListMounts(namespace, after uint64, room []uint64) ([]uint64, error) {
	const root = ^uint64(0) // LSMT_ROOT
	request := mountRequest{size: unix.MNT_ID_REQ_SIZE_VER1, mount: root, param: after, namespace: namespace}
	n, _, errno := unix.Syscall6(unix.SYS_LISTMOUNT, uintptr(unsafe.Pointer(&request)),
		uintptr(unsafe.Pointer(&room[0])), uintptr(len(room)), 0, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return room[:n], nil
}

// The fields that [StatMount] returns: STATMOUNT_SB_BASIC and STATMOUNT_MNT_BASIC, and STATMOUNT_MNT_POINT, of linux/mount.h.
const (
	StatMountBasic = 0x1 | 0x2
	StatMountPoint = 0x10
)

// A MountStat is the beginning of struct statmount of linux/mount.h.
type MountStat struct {
	size, _      uint32
	mask         uint64
	Major, Minor uint32 // the file system's device
	Magic        uint64 // the file system's type
	_, _         uint32
	id, Parent   uint64
	_            [6]uint64
	_, point     uint32
	_            [50]uint64
	text         [unix.PathMax]byte
}

// StatMount returns fields of a mount, and its mount point if asked for (statmount(2), Linux 6.11).
func StatMount(namespace, id, fields uint64) (m MountStat, point string, err error) {
	request := mountRequest{size: unix.MNT_ID_REQ_SIZE_VER1, mount: id, param: fields, namespace: namespace}
	_, _, errno := unix.Syscall6(unix.SYS_STATMOUNT, uintptr(unsafe.Pointer(&request)),
		uintptr(unsafe.Pointer(&m)), unsafe.Sizeof(m), 0, 0, 0)
	if errno != 0 {
		return m, "", errno
	}
	if fields&StatMountPoint != 0 {
		if m.mask&StatMountPoint == 0 || int(m.point) >= len(m.text) {
			return m, "", os.ErrInvalid
		}
		point = unix.ByteSliceToString(m.text[m.point:])
	}
	return m, point, nil
}

// The directions of [NextMountNS]: NS_MNT_GET_NEXT and NS_MNT_GET_PREV of linux/nsfs.h.
const (
	NextNS     = 0x8010b70b
	PreviousNS = 0x8010b70c
)

// A mountNSInfo is struct mnt_ns_info of linux/nsfs.h.
type mountNSInfo struct {
	size, mounts uint32
	id           uint64
}

// NextMountNS opens the mount namespace before or after an open one, in the order of their ids, and returns its id too
// (ioctl_nsfs(2), Linux 6.12). It fails with ENOENT after the last one.
func NextMountNS(from int, direction uintptr) (fd int, id uint64, err error) {
	info := mountNSInfo{size: uint32(unsafe.Sizeof(mountNSInfo{}))}
	next, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(from), direction, uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		return -1, 0, errno
	}
	return int(next), info.id, nil
}
