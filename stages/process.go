package stages

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A process is a child process. Package os/exec would do, but first starts one more process to find out whether it can
// have pidfds, which takes as long as a third of a namespace's creation.
type process struct {
	pid int

	mu     sync.Mutex
	reaped bool // then the number may be another process's
}

// startProcess starts an executable with this one's standard error and the given files from 3 on, in a process group of its
// own: out of the reach of Ctrl-C, for between its start and its first line it could not know what to do about it.
func startProcess(path string, args, env []string, files ...*os.File) (*process, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	fds := []uintptr{null.Fd(), null.Fd(), os.Stderr.Fd()}
	for _, f := range files {
		fds = append(fds, f.Fd())
	}
	pid, err := syscall.ForkExec(path, args, &syscall.ProcAttr{Env: env, Files: fds, Sys: &syscall.SysProcAttr{Setpgid: true}})
	if err != nil {
		return nil, &os.PathError{Op: "fork/exec", Path: path, Err: err}
	}
	return &process{pid: pid}, nil
}

// kill sends SIGKILL, unless the process was waited for.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = unix.Kill(p.pid, unix.SIGKILL) // it may have ended by itself
	}
}

// wait waits until the process has ended, and returns how.
func (p *process) wait() (status syscall.WaitStatus, err error) {
	// First without taking its number away, so that kill need not wait as well.
	err = again(func() error { return unix.Waitid(unix.P_PID, p.pid, nil, unix.WEXITED|unix.WNOWAIT, nil) })
	if err != nil {
		return 0, os.NewSyscallError("waitid", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	err = again(func() error {
		_, err := syscall.Wait4(p.pid, &status, 0, nil)
		return err
	})
	return status, os.NewSyscallError("wait4", err)
}

// describe says how a process ended.
func describe(status syscall.WaitStatus, err error) error {
	switch {
	case err != nil:
		return err
	case status.Signaled():
		return fmt.Errorf("signal: %v", status.Signal())
	}
	return errors.New(fmt.Sprint("exit status ", status.ExitStatus()))
}

// signalled says whether a process ended by a signal that tells programs to end.
func signalled(status syscall.WaitStatus) bool {
	switch status.Signal() {
	case unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT:
		return status.Signaled()
	}
	return false
}
