//go:build linux

package stages

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/netns-go/netns/rollback"
)

// run carries out the transaction. It returns the namespace, if the child handed it over.
func (t *transaction) run(ctx context.Context) (*os.File, error) {
	defer t.close()
	if err := t.do(ctx); err != nil {
		return nil, err
	}
	return t.made, nil
}

func (t *transaction) do(ctx context.Context) error {
	// An embedder's stages may change something outside of the namespace, under its name. So the name must be free first.
	if !t.plan.builtIn() {
		if err := t.reserve(ctx); err != nil {
			return err
		}
	}
	for range t.children() {
		w, err := t.take(t.plan)
		if err != nil {
			endAll(t.workers)
			return err
		}
		t.workers = append(t.workers, w)
	}
	return t.transact(ctx)
}

// children returns the number of children that share the work.
func (t *transaction) children() int {
	// Starting a child takes about as long as making a few namespaces.
	const share = 32
	if t.again || t.plan.Keep { // a *KeptError has one namespace that failed, and those before it
		return 1
	}
	return max(1, min(runtime.GOMAXPROCS(0), len(t.plan.Names)/share))
}

// transact lets the children build and publish, commits, or rolls back. The children end, unless they are kept.
func (t *transaction) transact(ctx context.Context) (err error) {
	t.unwatch = context.AfterFunc(ctx, func() { stopAll(t.workers) })
	defer endStopped(t.workers)()
	defer func() {
		t.unwatch()
		if !t.again || !t.committed {
			err = t.conclude(ctx, err)
		}
	}()
	err = errors.New("the function Progress has panicked, or ended the goroutine")
	return t.converse(ctx)
}

// conclude ends the children, and undoes what they have not rolled back. It returns the transaction's error.
func (t *transaction) conclude(ctx context.Context, err error) error {
	endAll(t.workers)
	if slices.ContainsFunc(t.workers, (*worker).signalled) { // while it was in our process group, so the signal is for us too
		select {
		case <-ctx.Done():
		case <-time.After(signalPatience):
		}
	}
	switch {
	case t.committed:
		return err
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, errSilent):
		err = t.broken.broke()
	}
	t.undo(&err)
	return err
}

// undo adds a *[rollback.UndoError] to an error for each lost child. Before that, if a child has not rolled back, undo calls
// the Undo of each stage for each namespace.
func (t *transaction) undo(err *error) {
	var tx rollback.Tx
	defer tx.Rollback(err)
	for _, w := range t.workers {
		if w.lost != nil {
			tx.Add("child", func() error { return w.lost })
		}
	}
	if !slices.ContainsFunc(t.workers, func(w *worker) bool { return !w.undone }) {
		return
	}
	stages, buildErr := build(t.plan.steps())
	if buildErr != nil { // Check has built the plan before
		return
	}
	for _, target := range t.plan.targets(t.dir, t.claim) {
		for _, s := range stages {
			tx.Add(s.name+" "+target.Name, func() error { return s.Undo(target) })
		}
	}
}

// close closes the files of the transaction, once no child can use the claim.
func (t *transaction) close() {
	if t.made != nil && !t.committed {
		t.made.Close()
	}
	if !slices.ContainsFunc(t.workers, func(w *worker) bool { return w.lost != nil }) {
		t.closeFiles()
		return
	}
	go func() {
		for _, w := range t.workers {
			<-w.gone
		}
		if t.claim != nil && !t.committed { // the system call in which a child was stuck may have given a name to it
			for _, name := range t.plan.Names {
				_ = t.claim.Withdraw(name) // if it fails, the name is stale, and the next transaction for the name repairs it
			}
		}
		t.closeFiles()
	}()
}

func (t *transaction) closeFiles() {
	if t.claim != nil {
		t.claim.Close()
	}
	for _, file := range t.replaced {
		file.Close()
	}
	if t.release != nil {
		t.release()
	}
}

// builtIn reports whether all steps of the plan are built-in stages.
func (p *Plan) builtIn() bool {
	return !slices.ContainsFunc(p.Steps, func(s Step) bool { return builtIn[s.Stage] == nil })
}
