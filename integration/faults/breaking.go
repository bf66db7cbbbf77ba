//go:build amd64

package main

import (
	"syscall"
)

// A fault is an action at a call.
type fault struct {
	Kind string
	// Number is the errno or the signal.
	Number int
}

// The kinds of faults. A process killed before a call has not made it; a process killed after a call has done nothing since.
const (
	faultErrno      = "errno" // the call fails, and has done nothing
	faultKillBefore = "kill before"
	faultKillAfter  = "kill after"
	faultBothBefore = "kill both before"
	faultBothAfter  = "kill both after"
	faultSignal     = "signal" // to the process group
)

// An aim names the call to break, and the fault.
type aim struct {
	call
	fault
}

// A call is a process's system call, with the number of its occurrence.
type call struct {
	Role, Text string
	Nth        int
	Runtime    bool // by the Go runtime, for itself
}

// The tracer calls atCall when a thread enters or leaves a system call.
func (t *tracer) atCall(th *thread) {
	info, err := syscallInfo(th.tid)
	if err != nil { // killed meanwhile
		return
	}
	switch {
	case th.owner == nil:
	case info.op == opEntry:
		if !t.idle {
			t.enter(th, info)
		}
	case info.op == opExit && th.hit:
		t.leave(th)
		return
	case info.op == opExit && restarts(info) && th.at != "":
		th.owner.seen[th.at]-- // a signal came first: the kernel will make the same call again
	}
	t.resume(th.tid, 0)
}

func (t *tracer) enter(th *thread, info *callInfo) {
	text, runtime := describe(th, info)
	th.at = text
	owner := th.owner
	owner.seen[text]++
	made := call{owner.role, text, owner.seen[text], runtime}
	if t.record {
		t.calls = append(t.calls, made)
	}
	if t.aim == nil || made != t.aim.call {
		return
	}
	t.fired, t.idle = true, true
	switch t.aim.Kind {
	case faultErrno:
		th.hit, th.errno = true, syscall.Errno(t.aim.Number)
		if !doneAllTheSame(info.number) {
			skipCall(th.tid)
		}
	case faultKillAfter, faultBothAfter:
		th.hit = true
	default:
		t.strike(th)
	}
}

// The tracer calls leave when the call to break returns.
func (t *tracer) leave(th *thread) {
	th.hit = false
	if t.aim.Kind == faultErrno {
		setResult(th.tid, th.errno)
	} else {
		t.strike(th)
	}
	t.resume(th.tid, 0)
}

// strike kills or signals while the thread is stopped, so that nothing happens in between. A thread that is killed at the entry of a
// call does not make it.
func (t *tracer) strike(th *thread) {
	switch t.aim.Kind {
	case faultSignal:
		_ = syscall.Kill(-t.leader.pid, syscall.Signal(t.aim.Number))
		return
	case faultBothBefore, faultBothAfter:
		for pid := range t.processes {
			if pid != th.owner.pid {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	_ = syscall.Kill(th.owner.pid, syscall.SIGKILL)
}
