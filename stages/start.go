//go:build linux

package stages

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/moby/sys/reexec"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// startWorker starts a child that knows the stages of a plan.
func startWorker(plan *Plan) (*worker, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(fds[1])
	socket := newConn(os.NewFile(uintptr(fds[0]), "socket to the child"))
	w := &worker{conn: socket, undying: make(chan struct{}), gone: make(chan struct{})}
	if w.process, err = startSelf(token(plan), fds[1]); err != nil {
		w.conn.close()
		return nil, startError(err)
	}
	return w, nil
}

// startSelf starts this program again as a child. It does not use reexec.Command: the death signal that this sets arrives when
// the forking thread ends (go.dev/issue/27505). Nor does it use package os/exec, which forks once more to try out pidfds, and
// does so before it starts the command. os.FindProcess does the same here, but after the child's start.
func startSelf(token string, socket int) (*os.Process, error) {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	defer unix.Close(null)
	env := []string{token}
	if path, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok { // a cgo program may not start without it
		env = append(env, "LD_LIBRARY_PATH="+path)
	}
	self := reexec.Self()
	pid, err := syscall.ForkExec(self, []string{entryPoint}, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{uintptr(null), uintptr(null), os.Stderr.Fd(), socketFD: uintptr(socket)},
		// The process group keeps Ctrl-C away from a child that does not ignore signals yet.
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, &os.PathError{Op: "fork/exec", Path: self, Err: err}
	}
	return os.FindProcess(pid)
}

// startError adds to the error of a start which limit may be the reason.
func startError(err error) error {
	err = fmt.Errorf("start the child: %w", persist.NeedsProc(err))
	switch {
	case errors.Is(err, unix.EAGAIN):
		return fmt.Errorf("%w: a limit of processes is reached: the user's (ulimit -u), pids.max of the cgroup, "+
			"or /proc/sys/kernel/pid_max or threads-max", err)
	case errors.Is(err, unix.ENOMEM):
		return fmt.Errorf("%w: the machine, or the cgroup (memory.max), has no memory left, or the PID namespace is about to end", err)
	}
	return err
}

// token returns the environment variable that a child gets for a plan.
func token(p *Plan) string {
	var names []string
	for _, step := range p.steps() {
		names = append(names, step.Stage)
	}
	return tokenVar + "=" + strings.Join(names, " ")
}
