//go:build amd64

package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

var callNames = map[uint64]string{
	unix.SYS_ACCEPT:            "accept",
	unix.SYS_ACCESS:            "access",
	unix.SYS_ARCH_PRCTL:        "arch_prctl",
	unix.SYS_BIND:              "bind",
	unix.SYS_BRK:               "brk",
	unix.SYS_CAPGET:            "capget",
	unix.SYS_CHDIR:             "chdir",
	unix.SYS_CLOCK_GETTIME:     "clock_gettime",
	unix.SYS_CLOCK_NANOSLEEP:   "clock_nanosleep",
	unix.SYS_CLONE3:            "clone3",
	unix.SYS_CLONE:             "clone",
	unix.SYS_CLOSE:             "close",
	unix.SYS_CLOSE_RANGE:       "close_range",
	unix.SYS_CONNECT:           "connect",
	unix.SYS_DUP3:              "dup3",
	unix.SYS_DUP:               "dup",
	unix.SYS_EPOLL_CREATE1:     "epoll_create1",
	unix.SYS_EPOLL_CTL:         "epoll_ctl",
	unix.SYS_EPOLL_PWAIT2:      "epoll_pwait2",
	unix.SYS_EPOLL_PWAIT:       "epoll_pwait",
	unix.SYS_EVENTFD2:          "eventfd2",
	unix.SYS_EXECVE:            "execve",
	unix.SYS_EXECVEAT:          "execveat",
	unix.SYS_EXIT:              "exit",
	unix.SYS_EXIT_GROUP:        "exit_group",
	unix.SYS_FACCESSAT2:        "faccessat2",
	unix.SYS_FACCESSAT:         "faccessat",
	unix.SYS_FALLOCATE:         "fallocate",
	unix.SYS_FCHMOD:            "fchmod",
	unix.SYS_FCHMODAT2:         "fchmodat2",
	unix.SYS_FCHMODAT:          "fchmodat",
	unix.SYS_FCNTL:             "fcntl",
	unix.SYS_FLOCK:             "flock",
	unix.SYS_FORK:              "fork",
	unix.SYS_FSTAT:             "fstat",
	unix.SYS_FSTATFS:           "fstatfs",
	unix.SYS_FTRUNCATE:         "ftruncate",
	unix.SYS_FUTEX:             "futex",
	unix.SYS_GETCWD:            "getcwd",
	unix.SYS_GETDENTS64:        "getdents64",
	unix.SYS_GETEUID:           "geteuid",
	unix.SYS_GETGID:            "getgid",
	unix.SYS_GETPEERNAME:       "getpeername",
	unix.SYS_GETPID:            "getpid",
	unix.SYS_GETPPID:           "getppid",
	unix.SYS_GETRANDOM:         "getrandom",
	unix.SYS_GETRLIMIT:         "getrlimit",
	unix.SYS_GETSOCKNAME:       "getsockname",
	unix.SYS_GETSOCKOPT:        "getsockopt",
	unix.SYS_GETTID:            "gettid",
	unix.SYS_GETUID:            "getuid",
	unix.SYS_IOCTL:             "ioctl",
	unix.SYS_KILL:              "kill",
	unix.SYS_LINKAT:            "linkat",
	unix.SYS_LISTEN:            "listen",
	unix.SYS_LISTMOUNT:         "listmount",
	unix.SYS_LSEEK:             "lseek",
	unix.SYS_MADVISE:           "madvise",
	unix.SYS_MEMBARRIER:        "membarrier",
	unix.SYS_MEMFD_CREATE:      "memfd_create",
	unix.SYS_MINCORE:           "mincore",
	unix.SYS_MKDIRAT:           "mkdirat",
	unix.SYS_MMAP:              "mmap",
	unix.SYS_MOUNT:             "mount",
	unix.SYS_MOUNT_SETATTR:     "mount_setattr",
	unix.SYS_MOVE_MOUNT:        "move_mount",
	unix.SYS_MPROTECT:          "mprotect",
	unix.SYS_MUNMAP:            "munmap",
	unix.SYS_NANOSLEEP:         "nanosleep",
	unix.SYS_NEWFSTATAT:        "newfstatat",
	unix.SYS_OPEN:              "open",
	unix.SYS_OPENAT2:           "openat2",
	unix.SYS_OPENAT:            "openat",
	unix.SYS_OPEN_TREE:         "open_tree",
	unix.SYS_PIDFD_GETFD:       "pidfd_getfd",
	unix.SYS_PIDFD_OPEN:        "pidfd_open",
	unix.SYS_PIDFD_SEND_SIGNAL: "pidfd_send_signal",
	unix.SYS_PIPE2:             "pipe2",
	unix.SYS_PIPE:              "pipe",
	unix.SYS_POLL:              "poll",
	unix.SYS_PPOLL:             "ppoll",
	unix.SYS_PRCTL:             "prctl",
	unix.SYS_PREAD64:           "pread64",
	unix.SYS_PRLIMIT64:         "prlimit64",
	unix.SYS_PWRITE64:          "pwrite64",
	unix.SYS_READ:              "read",
	unix.SYS_READLINK:          "readlink",
	unix.SYS_READLINKAT:        "readlinkat",
	unix.SYS_RECVFROM:          "recvfrom",
	unix.SYS_RECVMMSG:          "recvmmsg",
	unix.SYS_RECVMSG:           "recvmsg",
	unix.SYS_RENAMEAT2:         "renameat2",
	unix.SYS_RESTART_SYSCALL:   "restart_syscall",
	unix.SYS_RSEQ:              "rseq",
	unix.SYS_RT_SIGACTION:      "rt_sigaction",
	unix.SYS_RT_SIGPROCMASK:    "rt_sigprocmask",
	unix.SYS_RT_SIGRETURN:      "rt_sigreturn",
	unix.SYS_SCHED_GETAFFINITY: "sched_getaffinity",
	unix.SYS_SCHED_YIELD:       "sched_yield",
	unix.SYS_SENDFILE:          "sendfile",
	unix.SYS_SENDMMSG:          "sendmmsg",
	unix.SYS_SENDMSG:           "sendmsg",
	unix.SYS_SENDTO:            "sendto",
	unix.SYS_SETITIMER:         "setitimer",
	unix.SYS_SETNS:             "setns",
	unix.SYS_SETPGID:           "setpgid",
	unix.SYS_SETRLIMIT:         "setrlimit",
	unix.SYS_SETSOCKOPT:        "setsockopt",
	unix.SYS_SET_ROBUST_LIST:   "set_robust_list",
	unix.SYS_SET_TID_ADDRESS:   "set_tid_address",
	unix.SYS_SHUTDOWN:          "shutdown",
	unix.SYS_SIGALTSTACK:       "sigaltstack",
	unix.SYS_SOCKET:            "socket",
	unix.SYS_SOCKETPAIR:        "socketpair",
	unix.SYS_STATFS:            "statfs",
	unix.SYS_STATMOUNT:         "statmount",
	unix.SYS_STATX:             "statx",
	unix.SYS_SYMLINKAT:         "symlinkat",
	unix.SYS_TGKILL:            "tgkill",
	unix.SYS_TIMERFD_CREATE:    "timerfd_create",
	unix.SYS_TIMER_CREATE:      "timer_create",
	unix.SYS_TIMER_DELETE:      "timer_delete",
	unix.SYS_TIMER_SETTIME:     "timer_settime",
	unix.SYS_UMASK:             "umask",
	unix.SYS_UMOUNT2:           "umount2",
	unix.SYS_UNAME:             "uname",
	unix.SYS_UNLINKAT:          "unlinkat",
	unix.SYS_UNSHARE:           "unshare",
	unix.SYS_VFORK:             "vfork",
	unix.SYS_WAIT4:             "wait4",
	unix.SYS_WAITID:            "waitid",
	unix.SYS_WRITE:             "write",
}

func callName(number uint64) string {
	if name, ok := callNames[number]; ok {
		return name
	}
	return fmt.Sprintf("call-%d", number)
}

// runtimeCalls are the calls that only the Go runtime makes: for memory, threads, signals, its poller and its clock. If one of them
// fails, the runtime may end the process.
var runtimeCalls = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`mmap mprotect munmap madvise mincore brk futex rt_sigaction rt_sigprocmask
		rt_sigreturn sigaltstack sched_getaffinity sched_yield nanosleep clock_nanosleep gettid getpid tgkill prctl
		arch_prctl set_robust_list set_tid_address rseq exit exit_group epoll_create1 epoll_ctl epoll_pwait eventfd2
		membarrier getrandom timer_create timer_settime timer_delete setitimer clock_gettime restart_syscall`) {
		runtimeCalls[name] = true
	}
}

// isRuntimes reports whether the Go runtime makes this call, although other packages could: for threads, its poller, its look at the
// machine at the start, and package os's question whether a file blocks. ownPath is the program's own.
func isRuntimes(name, argument, ownPath string) bool {
	switch name {
	case "clone":
		return cloneThread(argument)
	case "newfstatat":
		return argument == ownPath // package reexec looks for the program when it is initialised, before any of ours
	case "prlimit64":
		return argument == fmt.Sprintf("%#x", unix.RLIMIT_NOFILE) // package os raises it, and the command's package start asks before signals are caught; all others of ours ask by getrlimit
	case "fcntl":
		return strings.HasSuffix(argument, fmt.Sprintf(" %#x", unix.F_GETFL)) ||
			strings.HasSuffix(argument, fmt.Sprintf(" %#x", unix.F_GETFD))
	case "openat", "read", "pread64", "write", "close":
		for _, file := range []string{"/sys/kernel/mm/", "/sys/fs/cgroup/", "anon_inode:[event", "/proc/self/cgroup",
			"/proc/N/cgroup", "/proc/self/mountinfo", "/proc/N/mountinfo"} {
			if strings.HasPrefix(argument, file) {
				return true
			}
		}
	}
	return false
}

func cloneThread(flags string) bool {
	var f uint32
	_, err := fmt.Sscanf(flags, "0x%x", &f)
	return err == nil && f&unix.CLONE_THREAD != 0
}
