//go:build linux

package stages

import (
	"time"

	"github.com/netns-go/netns/internal/prestart"
)

// early holds a child that was started before its plan was known.
var early = make(chan *worker, 1)

func init() { prestart.Child = startEarly }

// startEarly starts a child that knows all built-in stages, and returns a function that ends the child if it was not taken.
func startEarly() (end func()) {
	if mayStart() == nil {
		if w, err := startWorker(tokenVar + "=" + publishStage); err == nil { // it knows the others as well by then
			select {
			case early <- w:
			default: // there is one
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

// discard ends a child that has nothing to do.
func (w *worker) discard() {
	w.kill()
	_ = w.end()
}

// takeWorker returns the child that was started early, if it knows the plan's stages, or starts one.
func takeWorker(plan *Plan) (*worker, error) {
	if !plan.builtIn() {
		return startWorker(token(plan))
	}
	select {
	case w := <-early:
		// It waits for a bounded time, and must not give up while it is being told what to do.
		if time.Since(w.started) < helloPatience/2 && w.waits() {
			return w, nil
		}
		w.discard()
	default:
	}
	return startWorker(token(plan))
}
