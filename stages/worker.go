//go:build linux

package stages

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// helloPatience is how long a child may take to dispatch. A child that takes longer is running some other main.
	helloPatience = 10 * time.Second
	// endPatience is how long a child may take to roll back and end, after the parent has told it to.
	endPatience = 2 * time.Second
	// deathPatience is how long a child may take to die of SIGKILL.
	deathPatience = time.Second
	// signalPatience is how long a signal to the process group may take to reach this process after the child has died of it.
	signalPatience = 100 * time.Millisecond
)

// The parent looks at its children every stopPause, and ends a child that was stopped at stopLooks looks in a row. If the
// parent was stopped itself, and continued a moment before the child, the count begins then.
const (
	stopPause = time.Second
	stopLooks = 10
)

// ending are the signals that ask programs to end.
var ending = []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT}

// A worker is a child, as its parent sees it.
type worker struct {
	conn    *conn
	process *os.Process
	greeted bool

	names  []string // of the child's share of the transaction; its messages count in them
	undone bool     // the child has rolled back everything

	silence *time.Timer // gives the child up if it does not say hello
	killer  *time.Timer // kills the child if it does not end
	loser   *time.Timer // closes undying
	stopped sync.Once
	halted  atomic.Bool   // endStopped has ended the child
	undying chan struct{} // closed if the child has not died of SIGKILL in time
	gone    chan struct{} // closed when the child has ended
	ended   error         // set by end: how the child ended, an *exec.ExitError, or lost
	lost    error         // not nil if the child does not die of SIGKILL
}

// begin tells the child its share of a transaction. A plan that is longer than the socket's buffer waits for the child to read,
// so begin ends a child that never reads.
func (w *worker) begin(m *message, files ...*os.File) error {
	w.names, w.undone = m.names, false
	w.expectHello()
	err := w.conn.send(m, files...)
	if err == nil && w.silence != nil && w.silence.Stop() { // the parent does not listen yet
		w.silence = nil
	}
	return err
}

// expectHello ends the child unless it says hello in time. The time begins when the parent listens. Before, the parent may
// have waited for others as long as that took.
func (w *worker) expectHello() {
	if !w.greeted {
		w.silence = time.AfterFunc(helloPatience, w.giveUp)
	}
}

// receive returns the child's next message.
func (w *worker) receive() (*message, error) {
	m, err := w.conn.receive()
	if err != nil {
		return nil, connError("hear the child", err)
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

// stop tells the child to roll back unless it is done, and kills it if it takes too long. If it does not even die of that,
// receive and end no longer wait for it.
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

func (w *worker) kill() { _ = w.process.Kill() } // an error means that it has ended

// giveUp kills a child that will not finish its work.
func (w *worker) giveUp() {
	w.kill()
	w.stop()
}

func stopAll(workers []*worker) {
	for _, w := range workers {
		w.stop()
	}
}

// endAll ends children. It tells all to stop before it waits for the first.
func endAll(workers []*worker) {
	stopAll(workers)
	for _, w := range workers {
		w.end()
	}
}

// end stops the child and waits for its end.
func (w *worker) end() {
	w.stop()
	w.conn.shutdown(unix.SHUT_RD) // or a child that writes would block until it is killed
	state, err := w.wait()
	if w.ended = err; err == nil {
		w.ended = &exec.ExitError{ProcessState: state}
	}
	w.killer.Stop()
	w.loser.Stop()
	if w.silence != nil {
		late := !w.silence.Stop()
		if !w.greeted && (late || state != nil && state.Exited()) {
			w.ended = fmt.Errorf("%w: %w", w.ended, errMute)
		}
	}
	w.conn.close()
}

// wait waits for the child's end. A child may not die of SIGKILL. Then wait returns the error lost, and a goroutine goes on
// waiting, so that no zombie stays.
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
		w.lost = fmt.Errorf("process %d does not end, not even by SIGKILL: its cgroup is frozen, or it is stuck in the kernel; "+
			"once it is let go it ends, and makes nothing any more", w.process.Pid)
		return nil, w.lost
	}
}

// errSilent reports that a child has ended in the middle of a transaction.
var errSilent = errors.New("the child ended before its work was done")

// errMute is added if the child ended by itself before it said hello, or was killed because it did not say hello.
var errMute = errors.New("it never came to its stages: an init function ends or blocks it, or one of them is registered " +
	"on a condition that a child, which has no arguments and an empty environment, does not meet")

// connError maps an error of the connection to errSilent if it means that the child has ended.
func connError(what string, err error) error {
	if err == nil {
		return nil
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) || errno == unix.EPIPE || errno == unix.ECONNRESET {
		return errSilent
	}
	return fmt.Errorf("%s: %w", what, err)
}

// broke returns the error of a transaction in which this child fell silent.
func (w *worker) broke() error {
	switch {
	case w.halted.Load():
		return fmt.Errorf("the child, process %d, was stopped by a signal and not continued within %v, and so it was ended; "+
			"see what sends SIGSTOP to the processes here", w.process.Pid, stopLooks*stopPause)
	case w.lost != nil:
		return errors.New("the child does not answer")
	}
	return fmt.Errorf("%w: %w", errSilent, w.ended)
}

// signalled reports whether the child died of one of the signals of ending.
func (w *worker) signalled() bool {
	exit, ok := errors.AsType[*exec.ExitError](w.ended)
	if !ok {
		return false
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	return slices.Contains(ending, os.Signal(status.Signal()))
}
