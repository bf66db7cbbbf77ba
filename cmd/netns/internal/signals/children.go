package signals

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Children are commands that netns waits for. Meanwhile, the signals that netns gets are passed on to them.
type Children struct {
	mu      sync.Mutex
	running map[*os.Process]bool
	ended   error // an Error after the first signal; no further command is started then
}

// NewChildren catches the signals of [Ending] and these, except those that were ignored, as nohup does.
func NewChildren(signals ...os.Signal) *Children {
	c := &Children{running: map[*os.Process]bool{}}
	caught := make(chan os.Signal, 8)
	notify(caught, Ending)
	notify(caught, signals)
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
	if c.ended == nil {
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

// Run runs a command and returns its exit code as a shell would. It returns an error if the command was not started.
func (c *Children) Run(cmd *exec.Cmd) (int, error) {
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
	err = cmd.Wait()
	c.mu.Lock()
	delete(c.running, cmd.Process)
	c.mu.Unlock()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return 0, err
	}
	return ExitCode(cmd.ProcessState), nil
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
