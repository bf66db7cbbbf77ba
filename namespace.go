package netns

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// A Namespace is an open network namespace. As long as it is open it exists, whatever becomes of its name.
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
	err = persist.Needs(unix.CAP_SYS_PTRACE, "looking into another user's process", err)
	return opened(fmt.Sprintf("/proc/%d/ns/net", pid), f, err)
}

func opened(path string, f *os.File, err error) (*Namespace, error) {
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "fstat", Path: path, Err: err}
	}
	return &Namespace{path, f, st.Ino}, nil
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

// Do runs f on a thread that is inside the namespace, and returns f's error. What f starts on other goroutines is not
// inside. Sockets that f makes stay in the namespace for good. It needs CAP_SYS_ADMIN.
//
// The thread is f's alone and ends with it. It is never the process's main thread, which /proc/self/ns/net shows and
// which cannot end.
func (n *Namespace) Do(f func() error) error {
	return onThread(n.enter, f)
}

// Tour runs f on a thread of its own, which f can put into one namespace after another with enter, and returns f's error.
// It is [Namespace.Do] for many namespaces, each of which may be closed when the next is entered.
func Tour(f func(enter func(*Namespace) error) error) error {
	return onThread(func() error { return nil }, func() error { return f((*Namespace).enter) })
}

// enter puts the calling thread into the namespace.
func (n *Namespace) enter() error {
	err := os.NewSyscallError("setns", unix.Setns(n.Fd(), unix.CLONE_NEWNET))
	runtime.KeepAlive(n.file)
	if errors.Is(err, unix.EPERM) {
		err = &PrivilegeError{Capability: "CAP_SYS_ADMIN", Purpose: "entering a network namespace", Err: err}
	}
	return err
}

// onThread runs enter and, if that succeeds, f on a thread that ends with them and is not the main one.
func onThread(enter, f func() error) error {
	result := make(chan error, 1)
	go func() {
		var err error
		defer func() { result <- err }()
		runtime.LockOSThread() // and no unlock, so that the thread ends with this goroutine
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			err = onThread(enter, f) // not on this thread, which is locked until that returns
			return
		}
		if err = enter(); err == nil {
			err = errors.New("the function ended its goroutine") // as testing.T's Fatal does; else replaced
			err = f()
		}
	}()
	return <-result
}
