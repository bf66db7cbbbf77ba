package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// children are the processes that netns waits for. A signal that netns gets while it does is theirs.
type children struct {
	mu      sync.Mutex
	running map[*os.Process]bool
	ended   error // a signalError, once there was one; then no more are started
}

// newChildren catches these signals, but for those that are ignored, as by nohup.
func newChildren(signals ...os.Signal) *children {
	c := &children{running: map[*os.Process]bool{}}
	caught := make(chan os.Signal, 8)
	for _, sig := range signals {
		if !signal.Ignored(sig) {
			signal.Notify(caught, sig)
		}
	}
	go func() {
		for sig := range caught {
			c.pass(sig.(syscall.Signal))
		}
	}()
	return c
}

func (c *children) pass(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = signalError{sig}
	}
	if (sig == unix.SIGINT || sig == unix.SIGQUIT) && inForeground() {
		return // the terminal has sent it to them as well
	}
	for process := range c.running {
		_ = process.Signal(sig) // it may have ended by itself
	}
}

// inForeground says whether a terminal sends its signals to this process group.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

// run runs a command, and returns the exit code as a shell would see it, or an error if there is none.
func (c *children) run(cmd *exec.Cmd) (int, error) {
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
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return endOf(cmd.ProcessState), nil
}

// signalled returns the error for the first signal that came, or nil.
func (c *children) signalled() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}
