//go:build linux

package holders

import (
	"cmp"
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/thread"
	"golang.org/x/sys/unix"
)

// killPatience is how long the kernel may take to end killed processes, while more of them may appear.
const killPatience = 5 * time.Second

// Kill ends the processes that live in any of the given namespaces, and returns when nothing is inside. It sends each process a
// signal, and SIGKILL to those that are still inside after a grace period. A process that appears meanwhile gets the same. Kill
// spares the caller's own process.
//
// A process lives in a namespace if its main thread is inside. If only other threads are inside, the process may be looking into
// the namespace and leave again, as a program does that calls [netns.Namespace.Do]. Kill then looks again for a fifth of a
// second, and signals the process only if a thread of it was inside each time.
//
// Before it sends a signal, Kill returns the errors of [CheckKill] and [CheckSight], or a *[netns.PrivilegeError] if it may not
// look into a process (CAP_SYS_PTRACE) or signal it (CAP_KILL). It returns a *[netns.BusyError] if a process is left five seconds
// after SIGKILL, the context's cause if the context ends, or an error that matches os.ErrClosed if a namespace is closed. It
// returns a *[HiddenError] for a process in another PID namespace, to which no signal can be sent.
func Kill(ctx context.Context, o KillOptions, namespaces ...*netns.Namespace) error {
	if err := CheckKill(namespaces...); err != nil {
		return err
	}
	k := &killer{seenOnly: o.SeenOnly, namespaces: namespaces, self: selfInProc(), told: map[int]told{}}
	for _, ns := range namespaces {
		k.links = append(k.links, thread.Link(ns.ID()))
	}
	if err := CheckSight(namespaces...); err != nil && !k.mayMiss(err) {
		return err
	}
	for _, phase := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{
		{0, 2 * shortestStay}, // only asks whether a signal could be sent, long enough to know which processes stay
		{cmp.Or(o.Signal, unix.SIGTERM), o.Grace},
		{unix.SIGKILL, killPatience},
	} {
		if phase.patience <= 0 {
			continue
		}
		if none, err := k.passes(ctx, phase.signal, phase.patience); err != nil || none {
			return err
		}
	}
	return &netns.BusyError{Path: k.path, Reason: fmt.Sprintf("process %d is still in it, %v after SIGKILL", k.last, killPatience)}
}

// CheckKill returns a *[VitalError] if the caller or process 1 is in any of the given namespaces: [Kill] ends nothing there. If
// it may not look at process 1, it returns the error of Kill for that.
func CheckKill(namespaces ...*netns.Namespace) error {
	if err := checkOpen(namespaces); err != nil {
		return err
	}
	for _, ns := range namespaces {
		for proc, whose := range map[string]string{"self": "this process", "thread-self": "this thread", "1": "process 1"} {
			inside, err := isIn(ns, "/proc/"+proc)
			if err != nil {
				return unseen(ns.Path(), fmt.Errorf("%s: %w", whose, err))
			}
			if inside {
				return &VitalError{ns.Path(), whose}
			}
		}
	}
	return nil
}
