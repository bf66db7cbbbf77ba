//go:build linux

package stages

import (
	"cmp"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// transact does the plan, and rolls back after an error. It returns the cause, and with that what could not be undone.
func (b *builder) transact() (cause, err error) {
	defer b.tx.Rollback(&err)
	cause = b.work()
	return cause, cause
}

// work does the stages, and waits for the parent's decision. The error is an *Error if a stage failed.
func (b *builder) work() error {
	last := len(b.stages) - 1
	built, failure := b.each(b.targets, b.stages[:last])
	if failure != nil && !b.keeps(failure) {
		return failure
	}
	if err := b.waitForClaim(); err != nil {
		return err
	}
	if b.plan.together {
		if err := b.waitForOthers(); err != nil {
			return err
		}
	}
	ready, err := b.publish(built, failure)
	if err != nil {
		return err
	}
	var files []*os.File
	if b.plan.hand && ready.err.text == "" {
		files = append(files, b.targets[0].ns)
	}
	if err := b.send(ready, files...); err != nil {
		return fmt.Errorf("tell the parent: %w", err) // run tries to send this, too
	}
	if err := b.decision(); err != nil {
		return err
	}
	b.tx.Commit()
	return nil
}

// publish gives the namespaces that are built their names. If the plan keeps it, the namespace on which a stage failed gets its
// name too. It returns the message to the parent.
func (b *builder) publish(built int, failure error) (*message, error) {
	wanted := built
	if failure != nil && b.targets[built].ns != nil {
		wanted++
	}
	published, err := b.each(b.targets[:wanted], b.stages[len(b.stages)-1:])
	if err != nil && !b.keeps(err) {
		return nil, err
	}
	ready := &message{kind: kindReady, complete: uint64(min(built, published)), kept: published > built}
	if failed, ok := cmp.Or(failure, err).(*Error); ok {
		if published == 0 {
			return nil, failed
		}
		ready.target, ready.stage, ready.err = b.index(failed.Namespace), failed.Stage, toRemote(failed.Err)
	}
	return ready, nil
}

// keeps reports whether the plan keeps namespaces after an error of each.
func (b *builder) keeps(err error) bool { return b.plan.keep && err != errStopped }

// each does stages on each target, until one fails: the error is an *Error, or errStopped. It returns the number of targets on
// which all succeeded.
func (b *builder) each(targets []*Target, stages []namedStage) (done int, err error) {
	for i, t := range targets {
		if err := b.do(uint64(i), t, stages); err != nil {
			return i, err
		}
	}
	return len(targets), nil
}

// do does stages on a target. Its errors are those of each.
func (b *builder) do(index uint64, t *Target, stages []namedStage) error {
	for _, s := range stages {
		if stopped, _ := b.hungUp(); stopped {
			return errStopped
		}
		start := time.Now()
		do := s.Do
		if builtIn[s.name] == nil {
			do = func(t *Target) error { return b.guarded(s, t) }
		}
		if err := do(t); err != nil {
			return &Error{t.Name, s.name, err}
		}
		b.tx.Add(s.name+" "+t.Name, func() error {
			return outside(func() error { return s.Undo(t) })
		})
		if b.plan.progress {
			m := &message{kind: kindPassed, target: index, stage: s.name, took: time.Since(start)}
			if err := b.send(m); err != nil {
				return errStopped
			}
		}
	}
	return nil
}

// guarded does an embedder's stage, which may hang. A parent that gives up kills this process then, and undoes. If the parent
// is dead, a goroutine here undoes, once the stage has had twice the time that the parent would have given it.
func (b *builder) guarded(s namedStage, t *Target) error {
	const pause = 100 * time.Millisecond
	var over atomic.Bool // Do has returned, or the goroutine has given it up
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for alone := time.Duration(0); alone < 2*endPatience; {
			select {
			case <-ended:
				return
			case <-time.After(pause):
			}
			if stopped, _ := b.hungUp(); stopped {
				alone += pause
			}
		}
		if !over.CompareAndSwap(false, true) {
			return
		}
		err := error(errStopped)
		b.tx.Add(s.name+" "+t.Name, func() error { return s.Undo(t) })
		b.tx.Rollback(&err)
		os.Exit(1)
	}()
	err := s.Do(t)
	if !over.CompareAndSwap(false, true) {
		select {} // until the goroutine ends the process
	}
	return err
}

// outside calls f on another thread, because this one may be inside a new namespace.
func outside(f func() error) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil { // rollback recovers on its own goroutine only
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		err = f()
	}()
	<-done
	return err
}
