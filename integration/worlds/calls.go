//go:build linux && (amd64 || arm64)

package main

import "golang.org/x/sys/unix"

// The calls that real filters refuse: systemd's set @mount (src/shared/seccomp-util.c); docker's default profile for a
// container without CAP_SYS_ADMIN (moby, profiles/seccomp/default.json); and calls that are newer than the profile. Runc
// answers those with ENOSYS since 1.0.0-rc93, and answered them with EPERM before.
var (
	mountCalls = []uint32{unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG,
		unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_MOUNT_SETATTR}
	listCalls    = []uint32{unix.SYS_STATMOUNT, unix.SYS_LISTMOUNT}
	enterCalls   = []uint32{unix.SYS_UNSHARE, unix.SYS_SETNS}
	cloneCalls   = []uint32{unix.SYS_CLONE}
	clone3       = []uint32{unix.SYS_CLONE3}
	processCalls = []uint32{unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_PIDFD_GETFD, unix.SYS_CLONE3,
		unix.SYS_CLOSE_RANGE, unix.SYS_FACCESSAT2, unix.SYS_OPENAT2, unix.SYS_PROCESS_MADVISE}
	// From Linux 5.2 on.
	newCalls = append(append([]uint32{unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_OPEN_TREE,
		unix.SYS_MOVE_MOUNT, unix.SYS_MOUNT_SETATTR}, listCalls...), processCalls...)
	dockerCalls = append(append(append([]uint32{}, mountCalls...), enterCalls...), listCalls...)
)

// anyNamespace has the flags of clone(2) that make a namespace.
const anyNamespace = unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID |
	unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP
