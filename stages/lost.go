//go:build linux

package stages

import (
	"fmt"
	"os"

	"github.com/netns-go/netns/rollback"
)

// A lostError reports a child that does not die of SIGKILL: its cgroup is frozen, or it is stuck in the kernel. The parent
// does not wait for such a child, and a goroutine reaps it later.
type lostError struct{ pid int }

func (e *lostError) Error() string {
	return fmt.Sprintf("process %d does not end, not even by SIGKILL: its cgroup is frozen, or it is stuck in the kernel; "+
		"once it is let go it ends, and makes nothing any more", e.pid)
}

// wait waits for the child's end. If the child is lost, wait returns a *lostError, and a goroutine goes on waiting so that no
// zombie stays.
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

// addLost adds a *[rollback.UndoError] to an error for each lost child.
func (t *transaction) addLost(err *error) {
	var tx rollback.Tx
	for _, w := range t.workers {
		if w.lost != nil {
			tx.Add("child", func() error { return w.lost })
		}
	}
	tx.Rollback(err)
}

// closeLate closes the transaction's files when its lost children have ended. The system call in which a child was stuck may
// have given a name to the claim, so that is withdrawn first.
func (t *transaction) closeLate() {
	for _, w := range t.workers {
		<-w.gone
	}
	if t.claim != nil && !t.committed {
		for _, name := range t.plan.Names {
			_ = t.claim.Withdraw(name) // if it fails, the name is stale, and the next transaction for the name repairs it
		}
	}
	t.closeAll()
}
