package signals

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Children are commands that netns waits for. Meanwhile, the signals that netns gets are passed on to them.
type Children struct {
	stopping sync.Mutex // one child at a time stops this process

	mu      sync.Mutex // of the other fields
	running map[*os.Process]bool
	ended   error // an Error after the first signal that the caller does not ignore; no further command is started then
}

// NewChildren catches the signals of [Ending] and these. It passes on even a signal that the caller ignores, because the command
// may have a handler for it: a script's shell starts a command with & with SIGINT ignored.
func NewChildren(signals ...os.Signal) *Children {
	c := &Children{running: map[*os.Process]bool{}}
	caught := make(chan os.Signal, 8)
	signal.Notify(caught, append(signals, Ending...)...)
	go func() {
		for sig := range caught {
			c.pass(sig.(syscall.Signal))
		}
	}()
	return c
}

func (c *Children) pass(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ignored, _ := inherited(); c.ended == nil && !ignored.has(int(sig)) {
		c.ended = Error{sig}
	}
	if (sig == unix.SIGINT || sig == unix.SIGQUIT) && inForeground() {
		return // the terminal has sent it to them as well
	}
	for process := range c.running {
		_ = process.Signal(sig) // it may have ended by itself
	}
}

// inForeground reports whether a terminal sends its signals to this process group.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

// Run runs a netns and returns its exit code as a shell would. It returns an error if the netns was not started. When the child
// stops, this process stops too, and continues the child as soon as it is itself continued.
func (c *Children) Run(cmd *exec.Cmd) (int, error) {
	cmd.Env = append(cmd.Environ(), Setting())
	c.mu.Lock()
	err := c.ended
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		c.running[cmd.Process] = true
	}
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	for stops(cmd.Process.Pid) {
		c.stopWith(cmd.Process.Pid)
	}
	err = cmd.Wait()
	c.mu.Lock()
	delete(c.running, cmd.Process)
	c.mu.Unlock()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return 0, err
	}
	return ExitCode(cmd.ProcessState), nil
}

// stops waits until a child has stopped or ended, and reports whether it has stopped.
func stops(pid int) bool { return childState(pid, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT) == stopped }

// stopWith stops this process, because a child has stopped, and then continues all children. A child that has been continued
// meanwhile does not count: a terminal stops and continues the whole process group, netns included.
func (c *Children) stopWith(pid int) {
	c.stopping.Lock()
	defer c.stopping.Unlock()
	time.Sleep(20 * time.Millisecond)
	if childState(pid, unix.WSTOPPED|unix.WNOHANG) != stopped {
		return
	}
	_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
	c.mu.Lock()
	defer c.mu.Unlock()
	for process := range c.running {
		_ = process.Signal(unix.SIGCONT)
	}
}

// stopped is CLD_STOPPED, see sigaction(2).
const stopped = 5

// childState waits for a child as waitid(2) does with these options, and returns the si_code, or 0 if waitid finds nothing.
func childState(pid, options int) int32 {
	for {
		var info unix.Siginfo
		if err := unix.Waitid(unix.P_PID, pid, &info, options, nil); err != unix.EINTR {
			return info.Code
		}
	}
}

// Err returns the [Error] of the first signal, or nil.
func (c *Children) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// ExitCode returns the exit code of a command that has ended, as a shell has it: 128+N for signal N.
func ExitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
