package netns

import (
	"context"
	"errors"
	"os/exec"

	"github.com/netns-go/netns/internal/thread"
)

// Do runs f on a thread that is inside the namespace, and returns f's error. If the context has ended, Do does not call f and
// returns the context's cause. Sockets that f makes stay in the namespace for good. Do needs CAP_SYS_ADMIN, or returns a
// *[PrivilegeError].
//
// Goroutines that f starts are outside. Package net starts goroutines to resolve a host's name and to try several addresses;
// use [Namespace.DialContext] for those.
//
// No other goroutine uses the thread until f returns, panics or calls runtime.Goexit. A panic continues in the caller's goroutine
// with the same value; Goexit is an error. Then the thread goes back to its own network namespace and serves other goroutines.
// It is never the process's main thread, which /proc/self/ns/net shows.
//
// In these cases the thread ends with f, so that no thread stays in the wrong namespace:
//   - It cannot go back: /proc does not show its own network namespace, or another user namespace owns that, as in a rootless
//     container that uses the machine's network.
//   - f moved it to another network or mount namespace. So a function that makes a mount namespace is safe here.
//   - f locked it with runtime.LockOSThread and did not unlock it. If f changes anything else about its thread, such as
//     credentials, capabilities or a security label, f must lock the thread and not unlock it. f must not undo a lock that it
//     did not take.
//
// When a thread ends, the kernel sends the death signal (Pdeathsig) of each process that was started on this thread, by f or by
// another goroutine before.
func (n *Namespace) Do(ctx context.Context, f func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return Tour(func(enter func(*Namespace) error) error {
		if err := enter(n); err != nil {
			return err
		}
		return f()
	})
}

// Tour runs f on a thread of its own, and returns f's error. With enter, f puts the thread into one namespace after another.
// Each may be closed when the next is entered. Only f's own goroutine can call enter, and only until f ends. The thread, panics
// and what f must not do are as for [Namespace.Do].
func Tour(f func(enter func(*Namespace) error) error) error {
	return thread.Lend(func(enter func(thread.Namespace) error) error {
		return f(func(n *Namespace) error { return enter(n.thread()) })
	})
}

// Start starts a command inside the namespace. It does what cmd.Start does, and the caller calls cmd.Wait as usual. Start
// returns the errors of cmd.Start, or a *[PrivilegeError] if CAP_SYS_ADMIN is missing.
//
// Only the network namespace is changed: /sys and /etc/resolv.conf are the caller's. The command "netns exec" changes those too.
//
// Start refuses a command with a death signal (Pdeathsig). The kernel sends that signal when the thread ends on which the
// command was started, perhaps long before the program ends (go.dev/issue/27505). Run such a command with Do(ctx, cmd.Run),
// which keeps the thread as long as the command runs.
func (n *Namespace) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Pdeathsig != 0 {
		return errors.New("a command with a death signal cannot be started inside a namespace: its thread may end before it")
	}
	return thread.Visit(n.thread(), cmd.Start)
}
