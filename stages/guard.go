//go:build linux

package stages

import (
	"os"
	"sync/atomic"
	"time"
)

// guardPause is how often the parent is looked for while a stage of an embedder's runs.
const guardPause = 100 * time.Millisecond

// guarded does a stage of an embedder's, which may hang. A parent that gives up kills this process then, and undoes; if the
// parent is dead, that is done here, on another thread, once it has had more time than the parent would have given it.
func (b *builder) guarded(name string, stage Stage, t *Target) error {
	var over atomic.Bool // either Do has ended, or it is given up
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for alone := time.Duration(0); alone < 2*endPatience; {
			select {
			case <-ended:
				return
			case <-time.After(guardPause):
			}
			if b.stopped() {
				alone += guardPause
			}
		}
		if !over.CompareAndSwap(false, true) {
			return
		}
		err := error(errStopped)
		b.tx.Add(name, func() error { return stage.Undo(t) })
		b.tx.Rollback(&err)
		os.Exit(1)
	}()
	err := stage.Do(t)
	if !over.CompareAndSwap(false, true) {
		select {} // this process is about to end
	}
	return err
}
