//go:build amd64

package main

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The roles of the processes in a run. Before its first process, Go's package os starts a probe, which ends at once and shows whether the
// kernel has pidfds.
const (
	roleParent = "parent"
	roleProbe  = "probe"
	roleChild  = "child"
)

// A tracer runs a command and breaks it at one system call. It must stay on one thread, and be the first process of a PID namespace,
// because it waits for and kills every process.
type tracer struct {
	aim    *aim // nil: break nothing
	record bool

	processes map[int]*process
	threads   map[int]*thread
	forks     int
	leader    *process
	fired     bool
	idle      bool // no call matters any more
	calls     []call
	status    syscall.WaitStatus
}

type process struct {
	pid  int
	role string
	seen map[string]int // the number of occurrences of each call
}

type thread struct {
	tid    int
	owner  *process // nil until the event of its creation arrives
	parked bool     // stopped until then
	at     string   // its current call
	hit    bool     // the call to break when it returns
	errno  syscall.Errno
}

// An ending is the end of a traced command.
type ending struct {
	code     int // 128+N for signal N
	fired    bool
	timedOut bool
	calls    []call
}

const traceOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
	unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

// trace runs a command until it and all processes that it started have ended.
func (t *tracer) trace(argv []string, attr *syscall.ProcAttr, limit time.Duration) (ending, error) {
	t.processes, t.threads = map[int]*process{}, map[int]*thread{}
	attr.Sys = &syscall.SysProcAttr{Ptrace: true, Setpgid: true}
	pid, err := syscall.ForkExec(argv[0], argv, attr)
	if err != nil {
		return ending{}, fmt.Errorf("start %s: %w", argv[0], err)
	}
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &ws, unix.WALL, nil); err != nil {
		return ending{}, os.NewSyscallError("wait4", err)
	}
	if err := syscall.PtraceSetOptions(pid, traceOptions); err != nil {
		return ending{}, os.NewSyscallError("ptrace", err)
	}
	t.leader = &process{pid: pid, role: roleParent, seen: map[string]int{}}
	t.processes[pid] = t.leader
	t.threads[pid] = &thread{tid: pid, owner: t.leader}
	t.idle = t.aim == nil && !t.record
	var timedOut bool
	timer := time.AfterFunc(limit, func() { timedOut = true; killWorld() })
	t.resume(pid, 0)
	err = t.loop()
	timer.Stop()
	return ending{exitCode(t.status), t.fired, timedOut, t.calls}, err
}

// loop waits until no process is left.
func (t *tracer) loop() error {
	for {
		var ws syscall.WaitStatus
		tid, err := syscall.Wait4(-1, &ws, unix.WALL, nil)
		switch {
		case err == syscall.EINTR:
		case err == syscall.ECHILD:
			return nil
		case err != nil:
			return os.NewSyscallError("wait4", err)
		case ws.Exited(), ws.Signaled():
			delete(t.threads, tid)
			if tid == t.leader.pid {
				t.status = ws
			}
			delete(t.processes, tid)
		case ws.Stopped():
			t.stopped(tid, ws)
		}
	}
}

func (t *tracer) stopped(tid int, ws syscall.WaitStatus) {
	th := t.threads[tid]
	if th == nil { // it stopped before the event of its creation arrived
		t.threads[tid] = &thread{tid: tid, parked: true}
		return
	}
	switch sig := ws.StopSignal(); {
	case sig == syscall.SIGTRAP|0x80:
		t.atCall(th)
		return
	case sig == syscall.SIGTRAP && ws.TrapCause() > 0:
		t.born(th, ws.TrapCause())
		t.resume(tid, 0)
	case sig == syscall.SIGSTOP && th.parked: // a new thread begins so
		th.parked = false
		t.resume(tid, 0)
	default:
		t.resume(tid, sig)
	}
}

// born handles the event of a new process or thread, or of an execve.
func (t *tracer) born(by *thread, event int) {
	if event == unix.PTRACE_EVENT_EXEC {
		by.owner.role = roleOf(by.owner.role)
		return
	}
	tid, err := ptraceMessage(by.tid)
	if err != nil { // killed meanwhile
		return
	}
	owner := by.owner
	if event != unix.PTRACE_EVENT_CLONE {
		t.forks++
		owner = &process{pid: tid, role: roleChild, seen: map[string]int{}}
		if by.owner.role == roleParent && t.forks == 1 {
			owner.role = roleProbe
		}
		t.processes[tid] = owner
	}
	if th := t.threads[tid]; th != nil {
		th.owner, th.parked = owner, false
		t.resume(tid, 0)
		return
	}
	t.threads[tid] = &thread{tid: tid, owner: owner, parked: true}
}

// roleOf returns a process's role after an execve: a probe makes none.
func roleOf(role string) string {
	if role == roleProbe {
		return roleChild
	}
	return role
}

// resume continues a stopped thread, with a signal if sig is not 0: until its next call, if that still matters. A dead thread is not an
// error.
func (t *tracer) resume(tid int, sig syscall.Signal) {
	if t.watches(t.threads[tid]) {
		_ = syscall.PtraceSyscall(tid, int(sig))
		return
	}
	_ = syscall.PtraceCont(tid, int(sig))
}

// watches reports whether the next call of a thread matters. A stop at each call would take most of the time of a case.
func (t *tracer) watches(th *thread) bool {
	switch {
	case t.idle, th.owner == nil:
		return th.hit
	case t.record:
		return true
	}
	return (th.owner.role == roleParent) == (t.aim.Role == roleParent)
}

// killWorld kills every process in the PID namespace but the first one, which must be this one.
func killWorld() {
	if os.Getpid() != 1 {
		panic("not the first process of a PID namespace")
	}
	_ = syscall.Kill(-1, syscall.SIGKILL)
}

// exitCode returns the exit code as a shell has it: 128+N for signal N.
func exitCode(ws syscall.WaitStatus) int {
	if ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return ws.ExitStatus()
}
