//go:build linux

package netns

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// CheckKill returns the *[VitalError] that [Kill] would return for a namespace, if it is the caller's or process 1's. If it
// may not look at process 1 it returns what Kill would return for that.
func CheckKill(ns *Namespace) error {
	if err := checkOpen(ns); err != nil {
		return err
	}
	for proc, whose := range map[string]string{"self": "this process", "thread-self": "this thread", "1": "process 1"} {
		inside, err := ns.isIn("/proc/" + proc)
		if err != nil {
			return unseen(ns.Path(), fmt.Errorf("%s: %w", whose, err))
		}
		if inside {
			return &VitalError{ns.Path(), whose}
		}
	}
	return nil
}

// killPatience is how long the kernel may take to end a process that was killed, and more of them may appear.
const killPatience = 5 * time.Second

// Kill ends the processes that live in some open namespaces, and returns when nothing is inside: it sends each process a
// signal, and SIGKILL after a time of grace to those that are still there. New ones get the same. The caller's own process
// is spared.
//
// A process lives in a namespace if its main thread is inside. If only other threads are, the process may be one that
// looks into namespaces and leaves again, as programs do that call [Namespace.Do]. Kill then looks again for a fifth of a
// second, and the process gets the signal only if a thread of it was inside each time.
//
// Before it sends a signal Kill returns a *[VitalError] for a namespace that [CheckKill] refuses, the error of
// [CheckSight] if processes may be hidden, or a *[PrivilegeError] if a process may not be looked into (CAP_SYS_PTRACE) or
// signalled (CAP_KILL). It returns a *[BusyError] if some are left five seconds after SIGKILL, the context's cause, or an
// error that matches os.ErrClosed.
func Kill(ctx context.Context, signal syscall.Signal, grace time.Duration, namespaces ...*Namespace) error {
	return kill(ctx, signal, grace, &killer{}, namespaces)
}

// KillSeen is [Kill] for the processes that the caller sees: where Kill would return a *[HiddenError] for others, KillSeen
// leaves them alone, and they live on in the namespaces.
func KillSeen(ctx context.Context, signal syscall.Signal, grace time.Duration, namespaces ...*Namespace) error {
	return kill(ctx, signal, grace, &killer{seenOnly: true}, namespaces)
}

func kill(ctx context.Context, signal syscall.Signal, grace time.Duration, k *killer, namespaces []*Namespace) error {
	if err := checkOpen(namespaces...); err != nil {
		return err
	}
	for _, ns := range namespaces {
		if err := CheckKill(ns); err != nil {
			return err
		}
		k.namespaces = append(k.namespaces, ns.link())
	}
	if err := CheckSight(namespaces...); err != nil && !k.mayMiss(err) {
		return err
	}
	k.of, k.self, k.told = namespaces, selfInProc(), map[int]told{}
	defer k.close()
	decided := time.Now().Add(2 * shortestStay)
	none, err := k.passes(ctx, func() syscall.Signal { return 0 }, // which only asks whether a signal could be sent
		func() bool { return !k.visited || time.Now().After(decided) })
	if err != nil || none {
		return err
	}
	graceEnds := time.Now().Add(grace)
	none, err = k.passes(ctx, func() syscall.Signal {
		if time.Now().After(graceEnds) {
			return unix.SIGKILL
		}
		return signal
	}, func() bool { return k.found && time.Now().After(graceEnds.Add(killPatience)) })
	if err != nil || none {
		return err
	}
	return &BusyError{Path: k.pathOf(), Reason: fmt.Sprintf("process %d is still in it, %v after SIGKILL", k.last, killPatience)}
}
