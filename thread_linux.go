package netns

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// A traveller is a locked thread, not the main one, that enters namespaces and goes back to the one that it came from.
type traveller struct {
	id     int    // the thread's
	home   int    // a descriptor of the network namespace that the thread came from, or -1 if /proc does not show it
	moved  bool   // the thread has left that
	lent   bool   // a function of the caller's has run on the thread
	net    string // the network namespace in which the thread should be, as /proc shows it
	mounts string // the mount namespace of a thread that was lent
}

// travel runs f on a thread that is not the main one. When f returns, panics or ends its goroutine, the thread goes home and
// serves other goroutines again. If it cannot, it ends.
//
// The thread stays locked from before its first move until after its last. So the runtime runs nothing else on it meanwhile,
// and leaves it to its template thread to start new ones.
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
		end := outcome{err: errors.New("the function ended its goroutine")} // as testing.T's Fatal does; else replaced
		defer func() {
			if end.panicked = recover(); end.panicked != nil {
				end.stack = stack(debug.Stack())
			}
			if t.back() {
				runtime.UnlockOSThread()
			}
			t.close()
			result <- end
		}()
		end.err = f(&t)
	}()
	return <-result
}

// visit runs f, which changes nothing of its thread, inside the namespace.
func (n *Namespace) visit(f func() error) error {
	return travel(func(t *traveller) error {
		if err := t.enter(n); err != nil {
			return err
		}
		return f()
	}).deliver()
}

// lend runs f, a function of the caller's, which may change whatever a thread has.
func lend(f func(enter func(*Namespace) error) error) error {
	return travel(func(t *traveller) error {
		t.lent, t.net, t.mounts = true, seen("net"), seen("mnt")
		return f(t.enter)
	}).deliver()
}

// enter puts the thread into a namespace.
func (t *traveller) enter(n *Namespace) error {
	if unix.Gettid() != t.id {
		return errors.New("a namespace was to be entered by another goroutine than the one that may")
	}
	err := n.hold(func(fd int) error {
		return t.leave(func() error { return os.NewSyscallError("setns", unix.Setns(fd, unix.CLONE_NEWNET)) })
	})
	if err == nil {
		t.net = n.link()
	}
	return persist.Needs(unix.CAP_SYS_ADMIN, "entering a network namespace", err)
}

// unshare puts the thread into a new network namespace, which ends when the thread has left it and nothing else holds it.
func (t *traveller) unshare() error {
	err := t.leave(func() error { return os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_NEWNET)) })
	return persist.Explain(unix.CAP_SYS_ADMIN, "making a network namespace", "user.max_net_namespaces", err)
}

// leave moves the thread, and keeps where it came from.
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

// back brings the thread home, and reports whether it is there, as it was. It cannot if /proc does not show it, or if another
// user namespace owns its home: a root of a user namespace may leave the machine's network, but not return.
func (t *traveller) back() bool {
	t.id = 0 // from now on, enter is for nobody
	if t.lent && (t.net == "" || seen("net") != t.net || seen("mnt") != t.mounts) {
		return false // the function has moved the thread itself
	}
	return !t.moved || t.home >= 0 && unix.Setns(t.home, unix.CLONE_NEWNET) == nil
}

func (t *traveller) close() {
	if t.home >= 0 {
		unix.Close(t.home)
	}
}

// seen returns one of the calling thread's namespaces, as /proc shows it, or "".
func seen(kind string) string {
	link := make([]byte, 64)
	n, _ := unix.Readlink("/proc/thread-self/ns/"+kind, link)
	return string(link[:max(n, 0)])
}

// An outcome is how a function has ended on another goroutine: with an error, or with a panic.
type outcome struct {
	err      error
	panicked any
	stack    stack
}

// A stack is what a program shows that ends with a panic which came from another goroutine.
type stack string

func (s stack) Error() string { return "in a function on a thread of its own:\n" + string(s) }

// deliver ends as the function did. What recover returns is the panic's very value; a program that does not recover shows
// both panics, and so where the first one began.
func (o outcome) deliver() error {
	if o.panicked != nil {
		defer panic(o.panicked)
		panic(o.stack)
	}
	return o.err
}
