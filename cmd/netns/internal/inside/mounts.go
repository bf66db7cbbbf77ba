package inside

import (
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// belowSys are the directories of /sys on which other file systems are usually mounted. A new sysfs hides these mounts, and
// ip netns exec loses them, so replaceSys moves them into the new one.
var belowSys = []string{
	"/sys/fs/cgroup", "/sys/fs/bpf", "/sys/fs/pstore", "/sys/fs/selinux", "/sys/fs/fuse/connections",
	"/sys/kernel/debug", "/sys/kernel/tracing", "/sys/kernel/security", "/sys/kernel/config", "/sys/firmware/efi/efivars",
}

// leaveMounts puts the calling thread into a mount namespace of its own.
func leaveMounts() error {
	err := mayEnter(maxMountNamespaces, os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_NEWNS)))
	if err != nil {
		return netOnlyHelps(err)
	}
	// A slave, not private: mounts that the host makes later, a disk say, should appear here as well.
	err = mayEnter("", sys.PathError("mount", "/", unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, "")))
	if errors.Is(err, unix.EINVAL) {
		err = fmt.Errorf("%w: the root directory is not a mount point, as in a chroot", err)
	}
	return netOnlyHelps(err)
}

// netOnlyHelps adds to an error of making mounts the option that makes none.
func netOnlyHelps(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; --net-only leaves the mounts as they are", err)
}

// The kernel counts the calls of this file against these limits. A mount that is attached nowhere has a mount namespace of
// its own.
const (
	maxMountNamespaces = "user.max_mnt_namespaces"
	maxMounts          = "fs.mount-max"
)

// mayEnter explains an error of entering a namespace, or of making the mounts that fit it.
func mayEnter(limit string, err error) error {
	return persist.Explain(unix.CAP_SYS_ADMIN, "entering a network namespace", limit, err)
}

// replaceSys mounts a new sysfs, whose class/net shows the links of its network namespace, and keeps the mounts below /sys. It
// closes the descriptor.
func replaceSys(fresh int) error {
	defer unix.Close(fresh)
	kept := map[string]int{}
	for _, path := range belowSys {
		if !isMountBelowSys(path) {
			continue
		}
		tree, err := cloneTree(unix.AT_FDCWD, path, unix.AT_RECURSIVE, path)
		if err != nil {
			return err
		}
		defer unix.Close(tree)
		kept[path] = tree
	}
	// The old sysfs would hold the other network namespace. An error is fine: /sys may be no mount, or a mount that a user
	// namespace cannot unmount.
	_ = unix.Unmount("/sys", unix.MNT_DETACH)
	if err := moveMount(fresh, "/sys"); err != nil {
		return err
	}
	for _, path := range belowSys {
		if tree, ok := kept[path]; ok {
			if err := moveMount(tree, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// newSys returns a sysfs of the thread's network namespace that is attached nowhere yet. In a user namespace the kernel
// compares the new sysfs with the mounted one, so /sys must still be mounted. If that is read-only and locked, the new one has
// to be read-only too (mount_too_revealing).
func newSys() (int, error) {
	fsfd, err := unix.Fsopen("sysfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, mayEnter("", sys.PathError("fsopen", "sysfs", err))
	}
	defer unix.Close(fsfd)
	if err := unix.FsconfigSetString(fsfd, "source", "sysfs"); err != nil {
		return -1, mayEnter("", sys.PathError("fsconfig", "sysfs", err))
	}
	if err := unix.FsconfigCreate(fsfd); err != nil {
		return -1, mayEnter("", sys.PathError("fsconfig", "sysfs", err))
	}
	fd, err := unix.Fsmount(fsfd, unix.FSMOUNT_CLOEXEC, 0)
	if err == unix.EPERM {
		fd, err = unix.Fsmount(fsfd, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY)
	}
	err = sys.PathError("fsmount", "sysfs", err)
	return fd, persist.Explain(unix.CAP_SYS_ADMIN, "mounting all of /sys", maxMountNamespaces, err)
}

// isMountBelowSys reports whether a path is on another file system than /sys, and so a mount.
func isMountBelowSys(path string) bool {
	var a, b unix.Stat_t
	return unix.Lstat(path, &a) == nil && unix.Lstat("/sys", &b) == nil && a.Dev != b.Dev
}

// cloneTree clones the mount of a path from an open directory, links followed, or with AT_EMPTY_PATH that of an open file. The
// name is for errors.
func cloneTree(from int, path string, flags uint, name string) (int, error) {
	tree, err := sys.OpenTree(from, path, flags)
	return tree, mayEnter(maxMountNamespaces, sys.PathError("open_tree", name, err))
}

// moveMount attaches a mount to a path. If the path is a link, the mount covers the link itself, wherever the link leads.
func moveMount(tree int, path string) error {
	err := unix.MoveMount(tree, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH)
	return mayEnter(maxMounts, sys.PathError("move_mount", path, err))
}
