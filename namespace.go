package netns

import (
	"context"
	"fmt"
	"os"

	"github.com/netns-go/netns/persist"
)

// A Namespace is an open network namespace. As long as it is open it exists, whatever becomes of its name. Its methods may be
// called from many goroutines at once.
type Namespace struct {
	path string
	file *os.File
	id   uint64
}

// Open opens a namespace by its name in a run directory ("" for the default one), whoever made it. Where one is just
// being made it waits a moment. It needs no privilege, and returns a *[NameError], a *[NotExistError], or a
// *[StateError] for what is no network namespace.
func Open(dir, name string) (ns *Namespace, err error) {
	err = with(dir, func(d *Dir) error { ns, err = d.Open(name); return err })
	return ns, err
}

// OpenPath opens the namespace that a path shows, which need not be in a run directory. It returns a *[NotExistError],
// or a *[StateError] for what is no network namespace.
func OpenPath(path string) (*Namespace, error) {
	f, err := persist.OpenPath(path)
	return opened(path, f, err)
}

// OpenPID opens the namespace of a process or thread; another user's takes CAP_SYS_PTRACE. Its Path is right as long as
// that lives. It returns a *[NotExistError] if there is none of that number, or a *[PrivilegeError].
func OpenPID(pid int) (*Namespace, error) {
	f, err := persist.OpenPID(pid)
	return opened(fmt.Sprintf("/proc/%d/ns/net", pid), f, err)
}

// OpenFd opens the namespace that a descriptor shows, which stays the caller's. It returns a *[StateError] for what is no
// network namespace. Its Path is right as long as this process has it open.
func OpenFd(fd int) (*Namespace, error) {
	ns, err := OpenPath(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err == nil {
		ns.path = fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.Fd())
	}
	return ns, err
}

// Path returns where the namespace is mounted. It is still right after Close.
func (n *Namespace) Path() string { return n.path }

// ID returns the number by which the kernel tells the namespaces apart that there are: the inode that
// readlink /proc/PID/ns/net shows. It is given to another one when this one has ended.
func (n *Namespace) ID() uint64 { return n.id }

// Fd returns the descriptor, for setns(2). It is closed by Close.
func (n *Namespace) Fd() int { return int(n.file.Fd()) }

// Close closes the descriptor. The name stays; [Delete] removes it.
func (n *Namespace) Close() error { return n.file.Close() }

// hold calls f with the namespace's descriptor, which stays open meanwhile, or returns an error that matches os.ErrClosed.
func (n *Namespace) hold(f func(fd int) error) (err error) {
	conn, closed := n.file.SyscallConn()
	if closed == nil {
		closed = conn.Control(func(fd uintptr) { err = f(int(fd)) })
	}
	if closed != nil {
		return &os.PathError{Op: "use", Path: n.path, Err: os.ErrClosed}
	}
	return err
}

// checkOpen returns an error that matches os.ErrClosed if one of some namespaces is closed, whose number may be another's.
func checkOpen(namespaces ...*Namespace) error {
	for _, ns := range namespaces {
		if err := ns.hold(func(int) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// Do runs f on a thread that is inside the namespace, and returns f's error. If the context has ended, Do does neither.
// What f starts on other goroutines is not inside: package net does that to resolve a host's name, and to try several
// addresses. Sockets that f makes stay in the namespace for good. Do needs CAP_SYS_ADMIN, or returns a *[PrivilegeError].
//
// The thread is f's alone until f ends: by returning, by a panic, which goes on in the caller's goroutine with the same
// value, or by runtime.Goexit, which is an error here. The thread then goes back to its own network namespace and serves
// other goroutines. It is never the process's main thread, which /proc/self/ns/net shows.
//
// The thread ends with f in these cases. So f leaves no thread in the wrong namespace.
//   - It cannot go back: /proc does not show its own network namespace, or another user namespace owns that, as in a rootless
//     container that uses the machine's network.
//   - f moved it to another network or mount namespace. So a function that makes a mount namespace is safe here.
//   - f locked it, by runtime.LockOSThread without UnlockOSThread. A function must do so that changes anything else of its
//     thread: credentials, capabilities, a security label, what it shares with other threads. It must never unlock what it
//     has not locked.
//
// When a thread ends, the kernel sends their death signal (Pdeathsig) to the processes that were started on it, be it by f
// or by an unrelated goroutine before.
func (n *Namespace) Do(ctx context.Context, f func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return lend(func(enter func(*Namespace) error) error {
		if err := enter(n); err != nil {
			return err
		}
		return f()
	})
}

// Tour runs f on a thread of its own, which f can put into one namespace after another with enter, and returns f's error.
// It is [Namespace.Do] for many namespaces, each of which may be closed when the next is entered. What Do says of the thread,
// of panics and of the function's duties is true here. Only f's own goroutine can call enter, and only until f ends.
func Tour(f func(enter func(*Namespace) error) error) error { return lend(f) }
