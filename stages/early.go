//go:build linux

package stages

import "time"

// early is a child that was started before it was known what it is to do.
var early = make(chan *worker, 1)

// Prestart starts a child for the next [Run] of a plan that has only the stages of this package. It is for a program that
// knows that it will make namespaces before it knows which: the child starts while it finds out. What fails is tried, and
// told, once more by Run. The function that it returns ends a child that no Run took, and is to be called before the program
// ends.
func Prestart() (end func()) {
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
