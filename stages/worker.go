//go:build linux

package stages

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/moby/sys/reexec"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

const (
	// helloPatience is how long a child may take to dispatch. One that does not is running somebody's main.
	helloPatience = 10 * time.Second
	// endPatience is how long a child may take to roll back and end, once it was told to.
	endPatience = 2 * time.Second
	// deathPatience is how long a child may take to die of SIGKILL. One in a frozen cgroup takes until that is thawed.
	deathPatience = time.Second
	// signalPatience is how long a signal to the process group may be under way to this process when the child has died of it.
	signalPatience = 100 * time.Millisecond
)

// A worker is a child, as its parent sees it.
type worker struct {
	conn    *conn
	process *os.Process
	started time.Time
	greeted bool

	names  []string // of the transaction, in which messages count
	undone bool     // the child has rolled back all that it did

	silence *time.Timer
	killer  *time.Timer
	loser   *time.Timer
	stopped sync.Once
	halted  atomic.Bool   // it was ended because it stayed stopped, see [run.endStopped]
	undying chan struct{} // closed when it should have died of SIGKILL
	gone    chan struct{} // closed when it has ended
	lost    *lostError    // how end returned, if it did before that
}

// A lostError reports a child that does not die.
type lostError struct{ pid int }

func (e *lostError) Error() string {
	return fmt.Sprintf("process %d does not end, not even by SIGKILL: its cgroup is frozen, or it is stuck in the kernel; "+
		"once it is let go it ends, and makes nothing any more", e.pid)
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

// startError says why no child could be started, and which limit that may be.
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

// startSelf starts this program again as a child. It is not reexec.Command, since the death signal that this sets comes when
// the thread ends that forked (go.dev/issue/27505), and not package os/exec, which forks once before, to try out pidfds: that
// comes after the child's start here, and saves a program that makes one namespace a twentieth of its time.
func startSelf(token string, socket int) (*os.Process, error) {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	defer unix.Close(null)
	env := []string{token}
	if path, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok { // a cgo program may not start without
		env = append(env, "LD_LIBRARY_PATH="+path)
	}
	self := reexec.Self()
	pid, err := syscall.ForkExec(self, []string{entryPoint}, &syscall.ProcAttr{
		Env:   env,
		Files: []uintptr{uintptr(null), uintptr(null), os.Stderr.Fd(), socketFD: uintptr(socket)},
		// Out of the reach of Ctrl-C: between its start and its first line it could not know what to do about it.
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, &os.PathError{Op: "fork/exec", Path: self, Err: err}
	}
	return os.FindProcess(pid)
}

// begin tells the child its part of a transaction. One that never reads it is ended: a plan that is longer than the socket's
// buffer waits for that.
func (w *worker) begin(m *message, files ...*os.File) error {
	w.names, w.undone = m.names, false
	w.expectHello()
	err := w.conn.send(m, files...)
	if err == nil && w.silence != nil && w.silence.Stop() { // nobody listens yet
		w.silence = nil
	}
	return err
}

// expectHello ends a child that does not greet in time. From now on it is listened to: before, the parent may have waited
// for others, for as long as it took.
func (w *worker) expectHello() {
	if !w.greeted {
		w.silence = time.AfterFunc(helloPatience, w.giveUp)
	}
}

// receive returns what the child says next.
func (w *worker) receive() (*message, error) {
	m, err := w.conn.receive()
	if err != nil {
		return nil, silent("hear the child", err)
	}
	if m.kind == kindHello && !w.greeted {
		w.greeted = true
		w.silence.Stop()
	}
	if n := uint64(len(w.names)); m.target >= n || m.complete > n {
		return nil, fmt.Errorf("the child speaks of namespace %d of %d", m.target, n)
	}
	return m, nil
}

// stop tells the child to roll back if it is not done, and sees to it that it ends in time. If it does not even die, the
// parent waits for it no longer, in receive or in end.
func (w *worker) stop() {
	w.stopped.Do(func() {
		w.conn.shutdown(unix.SHUT_WR)
		w.killer = time.AfterFunc(endPatience, w.kill)
		w.loser = time.AfterFunc(endPatience+deathPatience, func() {
			close(w.undying)
			w.conn.shutdown(unix.SHUT_RD)
		})
	})
}

func (w *worker) kill() { _ = w.process.Kill() } // it may have ended by itself

// giveUp ends a child from which nothing is to be expected.
func (w *worker) giveUp() {
	w.kill()
	w.stop()
}

// end stops the child, and returns how it ended, as package os/exec has it, or a *lostError.
func (w *worker) end() error {
	// Whatever it was, the child has nothing more to hear. If it rolls back now, that takes a moment.
	w.stop()
	w.conn.shutdown(unix.SHUT_RD) // nor is it heard: it would wait for that until it is killed
	state, err := w.wait()
	if err == nil && !state.Success() {
		err = &exec.ExitError{ProcessState: state}
	}
	w.killer.Stop()
	w.loser.Stop()
	if w.silence != nil {
		late := !w.silence.Stop()
		if !w.greeted && (late || state != nil && state.Exited()) {
			err = fmt.Errorf("%w: %w", ended(err), errMute)
		}
	}
	w.conn.close()
	return err
}

// wait waits for the child's end, but not for that of a lost one: then a goroutine does, so that no zombie stays.
func (w *worker) wait() (*os.ProcessState, error) {
	var state *os.ProcessState
	var err error
	go func() {
		defer close(w.gone)
		state, err = w.process.Wait()
	}()
	select {
	case <-w.gone:
		return state, err
	case <-w.undying:
		w.lost = &lostError{w.process.Pid}
		return nil, w.lost
	}
}

// errSilent is how the conversation ends when a child dies in the middle of it.
var errSilent = errors.New("the child ended before its work was done")

// errMute is added where the child ended by itself before it said hello, or was killed because it did not say it.
var errMute = errors.New("it never came to its stages: an init function ends or blocks it, or one of them is registered " +
	"on a condition that a child, which has no arguments and an empty environment, does not meet")

// silent is errSilent, unless talking failed for another reason than that the child has ended, or did not fail.
func silent(what string, err error) error {
	if err == nil {
		return nil
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) || errno == unix.EPIPE || errno == unix.ECONNRESET {
		return errSilent
	}
	return fmt.Errorf("%s: %w", what, err)
}

// broke is the error of a transaction in which a child fell silent.
func (w *worker) broke(waitErr error) error {
	switch {
	case w.halted.Load():
		return &haltedError{w.process.Pid}
	case w.lost != nil:
		return errors.New("the child does not answer")
	}
	return fmt.Errorf("%w: %w", errSilent, ended(waitErr))
}

// ended says how a child ended.
func ended(waitErr error) error {
	if waitErr == nil {
		return errors.New("exit status 0")
	}
	return waitErr
}

// signalled reports whether a child ended by a signal that tells programs to end.
func signalled(waitErr error) bool {
	var exit *exec.ExitError
	if !errors.As(waitErr, &exit) {
		return false
	}
	switch status, _ := exit.Sys().(syscall.WaitStatus); status.Signal() {
	case unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT:
		return true
	}
	return false
}
