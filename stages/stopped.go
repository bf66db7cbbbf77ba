//go:build linux

package stages

import (
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// endStopped ends children that stay stopped, until the caller calls unwatch. It spares a slow child, and a child that a debugger
// holds.
func endStopped(workers []*worker) (unwatch func()) {
	done := make(chan struct{})
	first := time.AfterFunc(stopPause, func() {
		for stopped := make([]int, len(workers)); ; {
			for i, w := range workers {
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

// isStopped reports whether a signal has stopped the child. It leaves the event for a later wait (WNOWAIT, waitid(2)).
func (w *worker) isStopped() bool {
	var info unix.Siginfo
	err := sys.Again(func() error {
		return unix.Waitid(unix.P_PID, w.process.Pid, &info, unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT, nil)
	})
	return err == nil && info.Signo != 0
}
