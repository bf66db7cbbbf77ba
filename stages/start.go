//go:build linux

package stages

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/moby/sys/reexec"
	"github.com/netns-go/netns/internal/prestart"
	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// early holds a child that was started before its plan was known.
var early = make(chan *worker, 1)

func init() { prestart.Child = startEarly }

// startEarly starts a child that knows all built-in stages, and returns a function that ends the child if it was not taken.
func startEarly() (end func()) {
	if mayStart() == nil {
		if w, err := startWorker(tokenVar + "=" + publishStage); err == nil { // all built-in stages are registered together
			select {
			case early <- w:
			default: // there is one already
				w.discard()
			}
		}
	}
	return func() {
		select {
		case w := <-early:
			w.discard()
		default:
		}
	}
}

// takeWorker returns the child that was started early, if it knows the plan's stages, or starts one.
func takeWorker(plan *Plan) (*worker, error) {
	if !plan.builtIn() {
		return startWorker(token(plan))
	}
	select {
	case w := <-early:
		// It ends if it gets no plan within helloPatience, and must not do that while the parent tells it the plan.
		if time.Since(w.started) < helloPatience/2 && w.waits() {
			return w, nil
		}
		w.discard()
	default:
	}
	return startWorker(token(plan))
}

// startWorker starts a child for plans whose stages the token names.
func startWorker(token string) (*worker, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(fds[1])
	w := &worker{conn: newConn(os.NewFile(uintptr(fds[0]), "socket to the child")), started: time.Now()}
	w.undying, w.gone = make(chan struct{}), make(chan struct{})
	if w.process, err = startSelf(token, fds[1]); err != nil {
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

// waits reports whether a child that has nothing to do is still alive.
func (w *worker) waits() bool {
	fds := []unix.PollFd{{Fd: int32(w.conn.file.Fd()), Events: unix.POLLRDHUP}}
	n, err := sys.AgainInt(func() (int, error) { return unix.Poll(fds, 0) })
	return err == nil && n == 0
}

// discard ends a child that has nothing to do.
func (w *worker) discard() {
	w.kill()
	_ = w.end()
}
