package netns

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// OpenPidfd opens the network namespace of the process of a pidfd (pidfd_open(2)), which stays the caller's. It is never
// another process's, even if that has the same number now. Another user's process needs CAP_SYS_PTRACE. The Path is valid only
// while this process has the Namespace open. OpenPidfd returns a *[NotExistError] if the process has ended, or a
// *[PrivilegeError].
func OpenPidfd(fd int) (*Namespace, error) {
	if ns, err := sys.PidfdNetwork(fd); err == nil {
		path := descriptorPath(ns)
		return opened(path, os.NewFile(uintptr(ns), path), nil)
	}
	return openPidfdByNumber(fd) // on a kernel before Linux 6.11, or to explain the error
}

// openPidfdByNumber is OpenPidfd by the number of the process. While the process lives, the kernel gives its number to no other
// process. So if it still lives after the namespace was opened, the namespace is its own.
func openPidfdByNumber(fd int) (*Namespace, error) {
	path := fmt.Sprintf("/proc/self/fdinfo/%d", fd)
	info, err := os.ReadFile(path)
	if err != nil {
		return nil, persist.NeedsProc(err)
	}
	_, text, _ := strings.Cut(string(info), "\nPid:\t") // proc_pid_fdinfo(5)
	text, _, _ = strings.Cut(text, "\n")
	pid, err := strconv.Atoi(text)
	if err != nil || pid == 0 { // no pidfd, or of a PID namespace that /proc does not show
		return nil, &os.PathError{Op: "pidfd", Path: path, Err: unix.EINVAL}
	}
	ns, err := OpenPID(pid) // -1 if the process has ended
	if err != nil {
		return nil, err
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} // readable when the process has ended
	if n, err := sys.AgainInt(func() (int, error) { return unix.Poll(fds, 0) }); err != nil || n > 0 {
		ns.Close()
		return nil, cmp.Or(os.NewSyscallError("poll", err), error(&NotExistError{Path: path}))
	}
	ns.path = descriptorPath(ns.Fd())
	return ns, nil
}
