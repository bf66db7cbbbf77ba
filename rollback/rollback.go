// Package rollback makes a sequence of steps all or nothing.
//
// A [Tx] collects the undo of each step that succeeds. Unless the caller commits it, a deferred Rollback undoes every step,
// newest first. If one undo fails, Rollback still runs the others.
//
// The package knows nothing of namespaces. A step that undoes itself, because the kernel frees its result with the process,
// needs no undo here.
package rollback

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// ErrNotCommitted is the error of a Rollback in a function that neither failed nor committed. Its steps are undone, so the
// function must not report success.
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

// An UndoError reports a step that could not be undone, so its effect remains.
type UndoError struct {
	Step string
	Err  error
}

func (e *UndoError) Error() string { return fmt.Sprintf("undo %s: %v", e.Step, e.Err) }

// Unwrap returns the reason.
func (e *UndoError) Unwrap() error { return e.Err }

// Add records how to undo a step, which has just succeeded. The undo must take "already gone" for success.
func (tx *Tx) Add(name string, undo func() error) {
	tx.steps = append(tx.steps, step{name, undo})
}

// Commit keeps the completed steps: a later Rollback does nothing.
func (tx *Tx) Commit() { tx.committed = true }

// Rollback does nothing if tx was committed. Otherwise it runs every undo, newest first, even if some fail or panic, and adds
// an *[UndoError] to *err for each of these. If all succeed, Rollback leaves *err as it is, except that it turns a nil *err into
// [ErrNotCommitted]. A second Rollback has nothing left to undo.
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

// run turns a panic into an error, because an undo is often the code of another package, and the steps before it must still be
// undone.
func (s step) run() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.undo()
}

// join returns an error of one line that answers errors.Is and errors.As for the cause and for each failed undo. It makes the
// list itself, because multierror.Append changes a multierror that is its first argument.
func join(cause error, failed []error) error {
	return &multierror.Error{
		Errors: append([]error{cause}, failed...),
		ErrorFormat: func(errs []error) string {
			text := make([]string, len(errs))
			for i, err := range errs {
				text[i] = err.Error()
			}
			return strings.Join(text, "; ")
		},
	}
}
