//go:build linux

package stages

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// transact does the stages and waits for the parent's decision. The error includes what could not be undone. If a stage is the
// reason, failure is its error.
func (b *builder) transact() (failure *Error, err error) {
	defer b.tx.Rollback(&err)
	last := len(b.stages) - 1
	built, failure, err := b.each(b.targets, b.stages[:last])
	if err != nil && !b.keeps(failure) {
		return failure, err
	}
	if err := b.waitForClaim(); err != nil {
		return nil, err
	}
	if b.plan.together {
		if err := b.waitForOthers(); err != nil {
			return nil, err
		}
	}
	ready, failure, err := b.publish(built, failure)
	if err != nil {
		return failure, err
	}
	var files []*os.File
	if b.plan.hand && ready.err.text == "" {
		files = append(files, b.targets[0].ns)
	}
	if err := b.send(ready, files...); err != nil {
		return nil, fmt.Errorf("tell the parent: %w", err) // run tries to send this, too
	}
	if err := b.decision(); err != nil {
		return nil, err
	}
	b.tx.Commit()
	return nil, nil
}

// publish gives the namespaces that are built their names. If the plan keeps it, the namespace on which a stage failed gets its
// name too. It returns the message to the parent.
func (b *builder) publish(built int, failure *Error) (*message, *Error, error) {
	wanted := built
	if failure != nil && b.targets[built].ns != nil {
		wanted++
	}
	published, second, err := b.each(b.targets[:wanted], b.stages[len(b.stages)-1:])
	if err != nil && !b.keeps(second) {
		return nil, second, err
	}
	if failure == nil {
		failure = second
	}
	ready := &message{kind: kindReady, complete: uint64(min(built, published)), kept: published > built}
	if failure != nil {
		if published == 0 {
			return nil, failure, failure
		}
		ready.target, ready.stage, ready.err = b.index(failure.Namespace), failure.Stage, toRemote(failure.Err)
	}
	return ready, nil, nil
}

// keeps reports whether the plan keeps namespaces after this failure.
func (b *builder) keeps(failure *Error) bool { return b.plan.keep && failure != nil }

// each does stages on each target, until one fails. It returns the number of targets on which all succeeded.
func (b *builder) each(targets []*Target, stages []namedStage) (done int, failure *Error, err error) {
	for i, t := range targets {
		if failure, err := b.do(uint64(i), t, stages); err != nil {
			return i, failure, err
		}
	}
	return len(targets), nil, nil
}

// do does stages on a target. The error is errStopped, or the same as the failure.
func (b *builder) do(index uint64, t *Target, stages []namedStage) (*Error, error) {
	for _, s := range stages {
		if b.stopped() {
			return nil, errStopped
		}
		start := time.Now()
		do := s.Do
		if builtIn[s.name] == nil {
			do = func(t *Target) error { return b.guarded(s, t) }
		}
		if err := do(t); err != nil {
			failure := &Error{t.Name, s.name, err}
			return failure, failure
		}
		b.tx.Add(s.name+" "+t.Name, func() error {
			return outside(func() error { return s.Undo(t) })
		})
		if b.plan.progress {
			m := &message{kind: kindPassed, target: index, stage: s.name, took: time.Since(start)}
			if err := b.send(m); err != nil {
				return nil, errStopped
			}
		}
	}
	return nil, nil
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
			if b.stopped() {
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
