package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/netns-go/netns"
	"golang.org/x/sys/unix"
)

// belowSys is where something else than sysfs is usually mounted in /sys. Each is in a mount's way when /sys is replaced
// and would be missed: ip netns exec loses them.
var belowSys = []string{
	"/sys/fs/cgroup", "/sys/fs/bpf", "/sys/fs/pstore", "/sys/fs/selinux", "/sys/fs/fuse/connections",
	"/sys/kernel/debug", "/sys/kernel/tracing", "/sys/kernel/security", "/sys/kernel/config", "/sys/firmware/efi/efivars",
}

// enter puts the calling thread, which must be locked, into the namespace and a mount namespace of its own that fits:
// with the namespace's /sys, and its files over those in /etc.
func enter(ns *netns.Namespace, name string) error {
	err := os.NewSyscallError("setns", unix.Setns(ns.Fd(), unix.CLONE_NEWNET))
	ns.Close()
	if err == nil {
		err = os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_NEWNS))
	}
	if errors.Is(err, fs.ErrPermission) {
		return &netns.PrivilegeError{Capability: "CAP_SYS_ADMIN", Purpose: "entering a network namespace", Err: err}
	}
	if err != nil {
		return err
	}
	// Not private: what is mounted on the host later, a disk say, should appear here as well.
	if err := mount("", "/", "", unix.MS_SLAVE|unix.MS_REC); err != nil {
		return err
	}
	if err := replaceSys(); err != nil {
		return err
	}
	return bindEtc(filepath.Join("/etc/netns", name))
}

func mount(source, target, fstype string, flags uintptr) error {
	if err := unix.Mount(source, target, fstype, flags, ""); err != nil {
		return &os.PathError{Op: "mount", Path: target, Err: err}
	}
	return nil
}

// replaceSys mounts the namespace's own sysfs, whose class/net shows its links, and keeps what was mounted below.
func replaceSys() error {
	var sys unix.Statfs_t
	if err := unix.Statfs("/sys", &sys); err != nil {
		return &os.PathError{Op: "statfs", Path: "/sys", Err: err}
	}
	kept := map[string]int{}
	for _, path := range belowSys {
		if !isMountIn(path, "/sys") {
			continue
		}
		tree, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			return &os.PathError{Op: "open_tree", Path: path, Err: err}
		}
		defer unix.Close(tree)
		kept[path] = tree
	}
	_ = unix.Unmount("/sys", unix.MNT_DETACH) // it may be no mount
	var flags uintptr
	if sys.Flags&unix.ST_RDONLY != 0 {
		flags = unix.MS_RDONLY
	}
	if err := mount("sysfs", "/sys", "sysfs", flags); err != nil {
		return err
	}
	for _, path := range belowSys {
		tree, ok := kept[path]
		if !ok {
			continue
		}
		if err := unix.MoveMount(tree, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return &os.PathError{Op: "move_mount", Path: path, Err: err}
		}
	}
	return nil
}

// isMountIn says whether a path is on another file system than dir, and so a mount.
func isMountIn(path, dir string) bool {
	var a, b unix.Stat_t
	return unix.Lstat(path, &a) == nil && unix.Lstat(dir, &b) == nil && a.Dev != b.Dev
}

// bindEtc mounts each file of a directory over that of the same name in /etc. One that cannot be is reported, and no
// more, as ip netns exec does it.
func bindEtc(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, file := range files {
		source, target := filepath.Join(dir, file.Name()), filepath.Join("/etc", file.Name())
		if err := mount(source, target, "", unix.MS_BIND); err != nil {
			fmt.Fprintf(os.Stderr, "netns: exec: %s: %v\n", source, err)
		}
	}
	return nil
}
