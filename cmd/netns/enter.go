package main

import (
	"os"

	"github.com/netns-go/netns"
	"golang.org/x/sys/unix"
)

// belowSys is where something else than sysfs is usually mounted in /sys. Each is in a mount's way when /sys is replaced
// and would be missed: ip netns exec loses them.
var belowSys = []string{
	"/sys/fs/cgroup", "/sys/fs/bpf", "/sys/fs/pstore", "/sys/fs/selinux", "/sys/fs/fuse/connections",
	"/sys/kernel/debug", "/sys/kernel/tracing", "/sys/kernel/security", "/sys/kernel/config", "/sys/firmware/efi/efivars",
}

// enter puts the calling thread, which must be locked, into the namespace, and closes that.
func enter(ns *netns.Namespace) error {
	defer ns.Close()
	return mayEnter("", os.NewSyscallError("setns", unix.Setns(ns.Fd(), unix.CLONE_NEWNET)))
}

// leaveMounts puts the calling thread, which must be locked, into a mount namespace of its own.
func leaveMounts() error {
	err := mayEnter(maxMountNamespaces, os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_NEWNS)))
	if err == nil {
		// Not private: what is mounted on the host later, a disk say, should appear here as well.
		err = mayEnter("", pathError("mount", "/", unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, "")))
	}
	return err
}

// The limits that the calls of this file are counted against. A mount that is attached nowhere has a mount namespace of its
// own.
const (
	maxMountNamespaces = "user.max_mnt_namespaces"
	maxMounts          = "fs.mount-max"
)

// mayEnter explains an error on the way into a namespace and to the mounts that fit it.
func mayEnter(limit string, err error) error {
	return netns.Explain(unix.CAP_SYS_ADMIN, "entering a network namespace", limit, err)
}

func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: path, Err: err}
}

// replaceSys mounts the namespace's own sysfs, whose class/net shows its links, and keeps what was mounted below. If the
// kernel refuses the sysfs, nothing has changed.
func replaceSys() error {
	var sys unix.Statfs_t
	if err := unix.Statfs("/sys", &sys); err != nil {
		return pathError("statfs", "/sys", err)
	}
	fresh, err := newSys(sys.Flags&unix.ST_RDONLY != 0)
	if err != nil {
		return err
	}
	defer unix.Close(fresh)
	kept := map[string]int{}
	for _, path := range belowSys {
		if !isMountIn(path, "/sys") {
			continue
		}
		tree, err := openTree(path, unix.AT_RECURSIVE)
		if err != nil {
			return err
		}
		defer unix.Close(tree)
		kept[path] = tree
	}
	// So that the other namespace is not held by it. It may be no mount, or one that a user namespace cannot unmount.
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

// newSys returns a sysfs of the thread's network namespace that is mounted nowhere yet. In a user namespace the kernel
// compares it with the one that is mounted, so that has to be there still.
func newSys(readOnly bool) (int, error) {
	fsfd, err := unix.Fsopen("sysfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, mayEnter("", pathError("fsopen", "sysfs", err))
	}
	defer unix.Close(fsfd)
	if err := unix.FsconfigSetString(fsfd, "source", "sysfs"); err != nil {
		return -1, mayEnter("", pathError("fsconfig", "sysfs", err))
	}
	if err := unix.FsconfigCreate(fsfd); err != nil {
		return -1, mayEnter("", pathError("fsconfig", "sysfs", err))
	}
	attributes := 0
	if readOnly {
		attributes = unix.MOUNT_ATTR_RDONLY
	}
	fd, err := unix.Fsmount(fsfd, unix.FSMOUNT_CLOEXEC, attributes)
	err = pathError("fsmount", "sysfs", err)
	return fd, netns.Explain(unix.CAP_SYS_ADMIN, "mounting all of /sys", maxMountNamespaces, err)
}

// isMountIn says whether a path is on another file system than dir, and so a mount.
func isMountIn(path, dir string) bool {
	var a, b unix.Stat_t
	return unix.Lstat(path, &a) == nil && unix.Lstat(dir, &b) == nil && a.Dev != b.Dev
}

// openTree clones what a path, or the link that it is, leads to, as a mount that is attached nowhere.
func openTree(path string, flags uint) (int, error) {
	return cloneTree(unix.AT_FDCWD, path, flags, path)
}

// cloneTree is openTree from an open directory or, with AT_EMPTY_PATH, of an open file; name is for messages.
func cloneTree(from int, path string, flags uint, name string) (int, error) {
	tree, err := unix.OpenTree(from, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|flags)
	return tree, mayEnter(maxMountNamespaces, pathError("open_tree", name, err))
}

// moveMount attaches a mount to a path, and if that is a link, to the link itself: it may then lead to anything or
// nothing.
func moveMount(tree int, path string) error {
	err := unix.MoveMount(tree, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH)
	return mayEnter(maxMounts, pathError("move_mount", path, err))
}
