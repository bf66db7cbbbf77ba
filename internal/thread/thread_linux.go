package thread

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// ID returns the number of the network namespace of a file: its inode number.
func ID(f *os.File) (uint64, error) {
	st, err := sys.Fstat(f)
	return st.Ino, err
}

// Hold calls f with the descriptor of a namespace, which stays open until f returns. If the namespace is closed, Hold returns
// an error that matches os.ErrClosed: the kernel may have given the number to another file.
func Hold(ns Namespace, f func(fd int) error) (err error) {
	conn, closed := ns.SyscallConn()
	if closed == nil {
		closed = conn.Control(func(fd uintptr) { err = f(int(fd)) })
	}
	if closed != nil {
		return &os.PathError{Op: "use", Path: ns.Path, Err: os.ErrClosed}
	}
	return err
}

// CheckOpen returns an error that matches os.ErrClosed if a namespace is closed.
func CheckOpen(ns Namespace) error { return Hold(ns, func(int) error { return nil }) }

// Visit runs f, which changes nothing of its thread, inside a namespace.
func Visit(ns Namespace, f func() error) error {
	return travel(func(t *traveller) error {
		if err := t.enter(ns); err != nil {
			return err
		}
		return f()
	}).deliver()
}

// InNew runs f, which changes nothing of its thread, in a new network namespace. The namespace ends with f, unless f makes
// something that keeps it.
func InNew(f func() error) error {
	return travel(func(t *traveller) error {
		if err := t.unshare(); err != nil {
			return err
		}
		return f()
	}).deliver()
}

// Lend runs f, a function of the program's, on a thread that f can put into one namespace after another with enter. Unlike
// the function of [Visit], f may change its thread.
func Lend(f func(enter func(Namespace) error) error) error {
	return travel(func(t *traveller) error {
		t.lent, t.net, t.mounts = true, seen("net"), seen("mnt")
		return f(t.enter)
	}).deliver()
}

// A traveller is a locked thread, not the main one, that enters namespaces and goes back to its first one.
type traveller struct {
	id     int    // the thread's
	home   int    // a descriptor of the thread's first network namespace, or -1 if /proc does not show it
	moved  bool   // the thread has left its first network namespace
	lent   bool   // a function of the program's runs on the thread
	net    string // the network namespace in which the thread should be, as /proc shows it
	mounts string // the mount namespace of a thread that was lent
}

// travel runs f on a thread that is not the main one. When f returns, panics or ends its goroutine, the thread goes home and
// serves other goroutines again. If the thread cannot go home, it ends.
//
// The thread stays locked from before its first move until after its last move. Meanwhile the runtime runs nothing else on the
// thread, and starts new threads from its template thread.
func travel(f func(*traveller) error) outcome {
	result := make(chan outcome, 1)
	go func() {
		runtime.LockOSThread()
		t := traveller{id: unix.Gettid(), home: -1}
		if t.id == unix.Getpid() {
			defer runtime.UnlockOSThread()
			result <- travel(f) // not on this thread, which is locked until that returns
			return
		}
		end := outcome{err: errors.New("the function ended its goroutine")} // replaced below unless f does so, as testing.T's Fatal does
		defer func() {
			if end.panicked = recover(); end.panicked != nil {
				end.stack = stack(debug.Stack())
			}
			if t.back() {
				runtime.UnlockOSThread()
			}
			if t.home >= 0 {
				unix.Close(t.home)
			}
			result <- end
		}()
		end.err = f(&t)
	}()
	return <-result
}

// enter puts the thread into a namespace.
func (t *traveller) enter(ns Namespace) error {
	if unix.Gettid() != t.id {
		return errors.New("enter was called by another goroutine than the function's own, or after the function has ended")
	}
	err := Hold(ns, func(fd int) error {
		return t.leave(func() error { return os.NewSyscallError("setns", unix.Setns(fd, unix.CLONE_NEWNET)) })
	})
	if err == nil {
		t.net = Link(ns.ID)
	}
	return persist.Needs(unix.CAP_SYS_ADMIN, "entering a network namespace", err)
}

// unshare puts the thread into a new network namespace. It ends when the thread has left and nothing else holds the namespace.
func (t *traveller) unshare() error {
	err := t.leave(func() error { return os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_NEWNET)) })
	return persist.Explain(unix.CAP_SYS_ADMIN, "making a network namespace", "user.max_net_namespaces", err)
}

// leave moves the thread, and before the first move opens the namespace that it leaves.
func (t *traveller) leave(move func() error) error {
	if t.home < 0 {
		if home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			t.home = home
		}
	}
	err := move()
	t.moved = t.moved || err == nil
	return err
}

// back brings the thread home, and reports whether the thread is home and unchanged. It is not if /proc does not show its home,
// or if another user namespace owns its home: the root of a user namespace may leave the machine's network, but not return.
func (t *traveller) back() bool {
	t.id = 0 // so that enter fails from now on
	if t.lent && (t.net == "" || seen("net") != t.net || seen("mnt") != t.mounts) {
		return false // the function has moved the thread itself
	}
	return !t.moved || t.home >= 0 && unix.Setns(t.home, unix.CLONE_NEWNET) == nil
}

// seen returns one of the calling thread's namespaces, as /proc shows it, or "".
func seen(kind string) string {
	link := make([]byte, 64)
	n, _ := unix.Readlink("/proc/thread-self/ns/"+kind, link)
	return string(link[:max(n, 0)])
}

// An outcome is how a function ended on another goroutine: with an error, or with a panic.
type outcome struct {
	err      error
	panicked any
	stack    stack
}

// A stack is the stack of a panic on another goroutine. A program that ends with this panic shows it.
type stack string

func (s stack) Error() string { return "in a function on a thread of its own:\n" + string(s) }

// deliver ends as the function did. In the caller, recover returns the very value of the panic. A program that does not recover
// shows both panics, and so the stack on which the first one began.
func (o outcome) deliver() error {
	if o.panicked != nil {
		defer panic(o.panicked)
		panic(o.stack)
	}
	return o.err
}
