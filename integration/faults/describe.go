//go:build amd64

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// The arguments, by number, that tell a call from another, besides a path or an open file.
var salient = map[uint64][]int{
	unix.SYS_OPENAT: {2}, unix.SYS_OPEN_TREE: {2}, unix.SYS_MOUNT: {3}, unix.SYS_FCNTL: {1}, unix.SYS_IOCTL: {1},
	unix.SYS_FLOCK: {1}, unix.SYS_SOCKET: {0, 1, 2}, unix.SYS_SETSOCKOPT: {1, 2}, unix.SYS_GETSOCKOPT: {1, 2},
	unix.SYS_CLONE: {0}, unix.SYS_PRCTL: {0}, unix.SYS_UNSHARE: {0}, unix.SYS_DUP3: {1}, unix.SYS_SHUTDOWN: {1},
	unix.SYS_PRLIMIT64: {1}, unix.SYS_RT_SIGACTION: {0}, unix.SYS_UMOUNT2: {1}, unix.SYS_EPOLL_CTL: {1},
}

// The argument with the path.
var pathArgument = map[uint64]int{
	unix.SYS_OPENAT: 1, unix.SYS_OPEN_TREE: 1, unix.SYS_MOUNT: 1, unix.SYS_UMOUNT2: 0, unix.SYS_MKDIRAT: 1,
	unix.SYS_FCHMODAT: 1, unix.SYS_NEWFSTATAT: 1, unix.SYS_READLINKAT: 1, unix.SYS_LINKAT: 3, unix.SYS_UNLINKAT: 1,
	unix.SYS_EXECVE: 0, unix.SYS_MOUNT_SETATTR: 1, unix.SYS_MOVE_MOUNT: 3, unix.SYS_FACCESSAT2: 1, unix.SYS_STATFS: 0,
	unix.SYS_CHDIR: 0, unix.SYS_ACCESS: 0, unix.SYS_READLINK: 0, unix.SYS_OPEN: 0,
}

// The argument with the directory where the path begins.
var directoryArgument = map[uint64]int{
	unix.SYS_OPENAT: 0, unix.SYS_OPEN_TREE: 0, unix.SYS_MKDIRAT: 0, unix.SYS_FCHMODAT: 0, unix.SYS_NEWFSTATAT: 0,
	unix.SYS_READLINKAT: 0, unix.SYS_LINKAT: 2, unix.SYS_UNLINKAT: 0, unix.SYS_MOUNT_SETATTR: 0, unix.SYS_MOVE_MOUNT: 2,
	unix.SYS_FACCESSAT2: 0,
}

// The calls whose first argument is an open file.
var fileArgument = set(unix.SYS_READ, unix.SYS_WRITE, unix.SYS_PREAD64, unix.SYS_PWRITE64, unix.SYS_CLOSE, unix.SYS_FSTAT,
	unix.SYS_FSTATFS, unix.SYS_FCNTL, unix.SYS_IOCTL, unix.SYS_FLOCK, unix.SYS_GETDENTS64, unix.SYS_SENDTO,
	unix.SYS_RECVFROM, unix.SYS_SENDMSG, unix.SYS_RECVMSG, unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME,
	unix.SYS_SETSOCKOPT, unix.SYS_GETSOCKOPT, unix.SYS_BIND, unix.SYS_CONNECT, unix.SYS_SHUTDOWN, unix.SYS_DUP3,
	unix.SYS_LSEEK, unix.SYS_FCHMOD, unix.SYS_FTRUNCATE, unix.SYS_SETNS, unix.SYS_PIDFD_SEND_SIGNAL)

func set(numbers ...uint64) map[uint64]bool {
	m := map[uint64]bool{}
	for _, n := range numbers {
		m[n] = true
	}
	return m
}

// describe describes the call that a stopped thread is about to make, with the same text in every run, and reports whether the Go
// runtime makes it for itself.
func describe(th *thread, info *callInfo) (text string, runtime bool) {
	name := callName(info.number)
	if runtimeCalls[name] {
		return name, true
	}
	var words []string
	if n, ok := pathArgument[info.number]; ok {
		words = append(words, pathOf(th, info, n))
	}
	if fileArgument[info.number] {
		words = append(words, fileOf(th, int32(info.args[0])))
	}
	for _, n := range salient[info.number] {
		words = append(words, fmt.Sprintf("%#x", uint32(info.args[n])))
	}
	argument := strings.Join(words, " ")
	ownPath, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", th.tid))
	return strings.TrimSpace(name + " " + argument), isRuntimes(name, argument, ownPath)
}

func pathOf(th *thread, info *callInfo, n int) string {
	path := readString(th.tid, info.args[n])
	if number, ok := strings.CutPrefix(path, "/proc/self/fd/"); ok {
		var fd int32
		if _, err := fmt.Sscan(number, &fd); err == nil {
			return fileOf(th, fd)
		}
	}
	if at, ok := directoryArgument[info.number]; ok && !strings.HasPrefix(path, "/") {
		if fd := int32(info.args[at]); fd != unix.AT_FDCWD {
			return filepath.Join(fileOf(th, fd), path)
		}
	}
	return stable(path)
}

// fileOf returns the path of an open file, or the kernel's description of it.
func fileOf(th *thread, fd int32) string {
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", th.tid, fd))
	if err != nil {
		return fmt.Sprintf("(closed file %d)", fd)
	}
	if strings.HasPrefix(target, "socket:") {
		return socketOf(th, fd)
	}
	return stable(target)
}

// socketOf returns the family of a socket.
func socketOf(th *thread, fd int32) string {
	pidfd, err := unix.PidfdOpen(th.owner.pid, 0)
	if err != nil {
		return "socket"
	}
	defer unix.Close(pidfd)
	copied, err := unix.PidfdGetfd(pidfd, int(fd), 0)
	if err != nil {
		return "socket"
	}
	defer unix.Close(copied)
	switch family, _ := unix.GetsockoptInt(copied, unix.SOL_SOCKET, unix.SO_DOMAIN); family {
	case unix.AF_UNIX:
		return "socket(unix)"
	case unix.AF_NETLINK:
		return "socket(netlink)"
	}
	return "socket(inet)"
}

// Numbers that differ from run to run: inodes, processes, and the names of unnamed files.
var volatile = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(pipe|net|mnt):\[\d+\]`), "$1"},
	{regexp.MustCompile(`/#\d+( \(deleted\))?`), "/(claim)"},
	{regexp.MustCompile(`^/memfd:(\w+) \(deleted\)`), "$1"},
	{regexp.MustCompile(`/proc/(\d\d+|[2-9])/(task/\d+/)?`), "/proc/N/"},
}

func stable(path string) string {
	for _, v := range volatile {
		path = v.pattern.ReplaceAllString(path, v.instead)
	}
	return path
}
