// Package rollback makes a sequence of steps all or nothing.
//
// A [Tx] collects, as each step succeeds, how to undo it. Unless it is committed, a deferred Rollback undoes every
// step, newest first, and a step that cannot be undone does not keep the others from being undone.
//
// It knows nothing of namespaces, and it is not for steps that undo themselves: what the kernel frees with a
// process needs no entry here.
package rollback

import (
	"errors"
	"fmt"
)

// ErrNotCommitted is what Rollback reports where a function neither failed nor committed: its steps were undone, and
// that must not pass for success.
var ErrNotCommitted = errors.New("rolled back: not committed")

// A Tx records how to undo the steps completed so far. The zero Tx is empty and ready for use. It is not safe for
// concurrent use.
type Tx struct {
	steps     []step
	committed bool
}

type step struct {
	name string
	undo func() error
}

// An UndoError reports a step that could not be undone, so that its effect remains.
type UndoError struct {
	Step string
	Err  error
}

func (e *UndoError) Error() string { return fmt.Sprintf("undo %s: %v", e.Step, e.Err) }

// Unwrap returns the reason.
func (e *UndoError) Unwrap() error { return e.Err }

// Add records how to undo a step which has just succeeded. The undo must take "already gone" for success.
func (tx *Tx) Add(name string, undo func() error) {
	tx.steps = append(tx.steps, step{name, undo})
}

// Commit keeps the completed steps: a later Rollback does nothing.
func (tx *Tx) Commit() { tx.committed = true }

// Rollback is a no-op if tx was committed. Otherwise it runs every undo, newest first, even if some fail or panic,
// and adds an *[UndoError] for each that did to *err; where all succeed, *err is left as it was, except that a nil
// *err becomes [ErrNotCommitted]. A second Rollback has nothing left to undo.
//
// Defer it before the first step, so that it covers panics too.
func (tx *Tx) Rollback(err *error) {
	if tx.committed {
		return
	}
	if *err == nil {
		*err = ErrNotCommitted
	}
	var failed []error
	for len(tx.steps) > 0 {
		last := tx.steps[len(tx.steps)-1]
		tx.steps = tx.steps[:len(tx.steps)-1]
		if e := last.run(); e != nil {
			failed = append(failed, &UndoError{last.name, e})
		}
	}
	if len(failed) > 0 {
		*err = join(*err, failed)
	}
}

// run turns a panic into an error: an undo is often foreign code, and the steps below it must be undone as well.
func (s step) run() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.undo()
}
