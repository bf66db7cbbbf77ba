//go:build linux

package netns

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// CheckKill returns the *[VitalError] that [Kill] would return for a namespace, if it is the caller's or process 1's.
func CheckKill(ns *Namespace) error {
	if err := checkOpen(ns); err != nil {
		return err
	}
	for proc, whose := range map[string]string{"self": "this process", "thread-self": "this thread", "1": "process 1"} {
		if link, err := os.Readlink("/proc/" + proc + "/ns/net"); err == nil && link == ns.link() {
			return &VitalError{ns.Path(), whose}
		}
	}
	return nil
}

// killPatience is how long the kernel may take to end a process that was killed, and more of them may appear.
const killPatience = 5 * time.Second

// emptyPasses is how many looks through /proc that find nothing are enough, although what ended meanwhile may have been inside.
const emptyPasses = 10

// Kill ends the processes that have a thread in some open namespaces, and returns when there are none: it sends them a
// signal, and SIGKILL after a time of grace to those that are still there. New ones get the same. The caller's own process
// is spared.
//
// It returns a *[VitalError] for a namespace that [CheckKill] refuses, or a *[PrivilegeError] where a process may not be
// looked into (CAP_SYS_PTRACE) or signalled (CAP_KILL); then no signal was sent. It returns a *[BusyError] if some are
// left five seconds after SIGKILL, the context's cause, or an error that matches os.ErrClosed.
func Kill(ctx context.Context, signal syscall.Signal, grace time.Duration, namespaces ...*Namespace) error {
	if err := checkOpen(namespaces...); err != nil {
		return err
	}
	k := &killer{self: selfInProc(), told: map[int]told{}}
	defer k.close()
	for _, ns := range namespaces {
		if err := CheckKill(ns); err != nil {
			return err
		}
		k.namespaces = append(k.namespaces, ns.link())
	}
	if none, err := k.pass(ctx, 0); err != nil || none { // signal 0 only asks whether one could be sent
		return err
	}
	graceEnds := time.Now().Add(grace)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(graceEnds) {
			signal = unix.SIGKILL
		}
		none, err := k.pass(ctx, signal)
		if err != nil || none {
			return err
		}
		if k.empty == 0 && time.Now().After(graceEnds.Add(killPatience)) {
			path := namespaces[slices.Index(k.namespaces, k.where)].Path()
			return &BusyError{Path: path, Reason: fmt.Sprintf("process %d is still in it, %v after SIGKILL", k.last, killPatience)}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// A killer remembers whom it sent which signal.
type killer struct {
	self       int
	namespaces []string // as their links in /proc show them
	told       map[int]told
	last       int    // the last process found
	where      string // and its namespace
	ended      []int  // what the last pass found ended
	empty      int    // passes in a row that found none inside
}

type told struct {
	*process
	signal syscall.Signal
}

func (k *killer) close() {
	for _, t := range k.told {
		unix.Close(t.dir)
	}
}

// pass sends a signal to each process in the namespaces that was not sent it yet, and says whether it is sure that there
// are none. What was listed and ended before it was looked at may have been inside, and have left a child, which was not
// listed yet. Where something always ends meanwhile, as on a busy machine, some passes in a row are believed.
func (k *killer) pass(ctx context.Context, signal syscall.Signal) (none bool, err error) {
	left := 0
	ended, err := eachProcess(ctx, func(p *process) error {
		if p.pid == k.self {
			return nil
		}
		inside := false
		err := p.eachThread(func(_ int, link []byte) {
			if slices.Contains(k.namespaces, string(link)) {
				inside, k.last, k.where = true, p.pid, string(link)
			}
		})
		if isRefused(err) && !persist.HasCapability(unix.CAP_SYS_PTRACE) {
			return persist.Needs(unix.CAP_SYS_PTRACE, "finding the processes in a network namespace", err)
		}
		if !inside {
			return err
		}
		left++
		return k.tell(p, signal)
	})
	sure := true
	for _, pid := range ended {
		sure = sure && slices.Contains(k.ended, pid) // nobody has buried it
	}
	k.ended = ended
	if k.empty++; left > 0 {
		k.empty = 0
	}
	return k.empty > 0 && (sure || k.empty == emptyPasses), err
}

// tell sends a process a signal, once. Its open directory in /proc is as good as a pidfd, and was open before the
// namespaces were looked at, so it is that very process which gets it.
func (k *killer) tell(p *process, signal syscall.Signal) error {
	before, known := k.told[p.pid]
	if known && before.exists() && before.signal == signal {
		return nil
	}
	err := unix.PidfdSendSignal(p.dir, signal, nil, 0)
	if err != nil {
		if isGone(err) {
			return nil
		}
		return persist.Needs(unix.CAP_KILL, "signalling another user's process", os.NewSyscallError("pidfd_send_signal", err))
	}
	if signal == 0 {
		return nil
	}
	if known {
		unix.Close(before.dir)
	}
	p.keep = true
	k.told[p.pid] = told{p, signal}
	return nil
}
