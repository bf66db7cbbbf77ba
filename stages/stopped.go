//go:build linux

package stages

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A child is looked at this often, and is ended when it was found stopped so many times in a row. A parent that was stopped
// itself, and continued a moment before its child, begins to count then.
const (
	stopPause = time.Second
	stopLooks = 10
)

// A haltedError reports a child that was stopped, and for whose sake nobody is kept waiting without end.
type haltedError struct{ pid int }

func (e *haltedError) Error() string {
	return fmt.Sprintf("the child, process %d, was stopped by a signal and not continued within %v, and so it was ended; "+
		"see what sends SIGSTOP to the processes here", e.pid, stopLooks*stopPause)
}

// endStopped ends a worker that stays stopped, from now until the function that it returns is called. One that is slow has all
// the time that it needs, and so has one that a debugger holds.
func (r *run) endStopped() (unwatch func()) {
	done := make(chan struct{})
	first := time.AfterFunc(stopPause, func() {
		for stopped := make([]int, len(r.workers)); ; {
			for i, w := range r.workers {
				if stopped[i]++; !w.isStopped() {
					stopped[i] = 0
				}
				if stopped[i] == stopLooks {
					w.halted.Store(true)
					w.giveUp()
				}
			}
			select {
			case <-done:
				return
			case <-time.After(stopPause):
			}
		}
	})
	return func() {
		first.Stop()
		close(done)
	}
}

// isStopped reports whether a signal has stopped the child, and leaves that to be found by others (waitid(2)).
func (w *worker) isStopped() bool {
	var info unix.Siginfo
	err := again(func() error {
		return unix.Waitid(unix.P_PID, w.process.Pid, &info, unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT, nil)
	})
	return err == nil && info.Signo != 0
}
