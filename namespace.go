package netns

import (
	"fmt"
	"os"
	"syscall"

	"github.com/netns-go/netns/internal/thread"
	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/stages"
)

// A Namespace is an open network namespace. It exists as long as it is open, even if its name is deleted. Its methods may be
// called from many goroutines at once.
type Namespace struct {
	path string
	file *os.File
	id   uint64
}

// opened returns the namespace of a file, unless opening it gave an error. If the file has no number, opened closes it.
func opened(path string, f *os.File, err error) (*Namespace, error) {
	if err != nil {
		return nil, err
	}
	id, err := thread.ID(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Namespace{path, f, id}, nil
}

// OpenPath opens the network namespace that a path shows, in a run directory or elsewhere. It returns a *[NotExistError], or a
// *[StateError] if the path shows no network namespace.
func OpenPath(path string) (*Namespace, error) {
	f, err := persist.OpenPath(path)
	return opened(path, f, err)
}

// OpenPID opens the network namespace of a process or thread. For another user's process, it needs
// CAP_SYS_PTRACE. The Path is valid only while the process lives. OpenPID returns a *[NotExistError] if no process has that
// number, or a *[PrivilegeError].
//
// The kernel reuses a PID after its process has ended. A program that holds a pidfd uses [OpenPidfd].
func OpenPID(pid int) (*Namespace, error) {
	f, err := persist.OpenPID(pid)
	return opened(fmt.Sprintf("/proc/%d/ns/net", pid), f, err)
}

// OpenFd opens the network namespace of a descriptor, which stays the caller's. The Path is valid only while this process has
// the Namespace open. OpenFd returns a *[NotExistError], or a *[StateError] if the descriptor is not a network namespace's.
func OpenFd(fd int) (*Namespace, error) {
	ns, err := OpenPath(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err == nil {
		ns.path = descriptorPath(ns.Fd())
	}
	return ns, err
}

// descriptorPath returns the path of a descriptor of this process, for other processes as well.
func descriptorPath(fd int) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd) }

// Path returns where the namespace is mounted, or the path by which it was opened. Path may be called after Close.
func (n *Namespace) Path() string { return n.path }

// ID returns the number by which the kernel tells living namespaces apart: the inode in readlink /proc/PID/ns/net. When this
// namespace has ended, the kernel may give the number to another namespace.
func (n *Namespace) ID() uint64 { return n.id }

// Fd returns the descriptor, for setns(2). Close closes it.
func (n *Namespace) Fd() int { return int(n.file.Fd()) }

// thread returns the namespace for package thread.
func (n *Namespace) thread() thread.Namespace {
	return thread.Namespace{Path: n.path, ID: n.id, SyscallConn: n.file.SyscallConn}
}

// SyscallConn returns access to the descriptor: within the function that is given to Control, a concurrent Close does not close
// the descriptor. Control fails after Close. Read and Write make no sense for a namespace.
func (n *Namespace) SyscallConn() (syscall.RawConn, error) { return n.file.SyscallConn() }

// Close closes the descriptor. The name stays; [Namespace.Delete] and [Delete] remove it.
func (n *Namespace) Close() error { return n.file.Close() }

// Verify checks that lo is up and that 127.0.0.1, and ::1 if IPv6 is on, answer an ICMP echo request, as [Create] does. It
// changes nothing. It returns a *[StageError] if the namespace is not healthy. If CAP_SYS_ADMIN or CAP_NET_RAW is missing, the
// error is or holds a *[PrivilegeError].
func (n *Namespace) Verify() error {
	return thread.Visit(n.thread(), func() error { return stages.Here(stages.Verify()) })
}

// A PeerID is an id that one namespace has for another, see [PeerIDsOf].
type PeerID struct {
	ID    int
	Own   int  // the id that the caller's namespace has for the same namespace
	Known bool // the caller's namespace has one; otherwise Own is 0
}
