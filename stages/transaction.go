//go:build linux

package stages

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
)

// A transaction is the parent's half of it.
type transaction struct {
	plan  *Plan
	dir   string
	hand  bool // the child hands over the one namespace
	again bool // the one child is kept if the transaction is committed

	// take returns a child that can begin, and open the run directory.
	take func(*Plan) (*worker, error)
	open func(context.Context) (store *persist.Store, release func(), err error)

	store     *persist.Store      // nil until it is open
	release   func()              // nil until store is open
	claim     *persist.Claim      // nil until it is made
	replaced  map[string]*os.File // the namespaces to replace, by name
	workers   []*worker
	broken    *worker // the child whose connection failed
	committed bool
	made      *os.File // the namespace that the child handed over

	unwatch func() bool // stops watching the context, and reports whether the context had not ended
}

// run carries out the transaction. It returns the namespace, if the child handed it over.
func (t *transaction) run(ctx context.Context) (*os.File, error) {
	defer t.close()
	if err := t.do(ctx); err != nil {
		return nil, err
	}
	made := t.made
	t.made = nil
	return made, nil
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
			t.end()
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

// reserve opens the run directory and returns an error if a name of the plan is not free.
func (t *transaction) reserve(ctx context.Context) error {
	store, release, err := t.open(ctx)
	if err != nil {
		return err
	}
	t.store, t.release = store, release
	for _, name := range t.plan.Names {
		err := store.Reserve(ctx, name)
		var taken *persist.StateError
		if t.plan.Replace && errors.As(err, &taken) && taken.State != persist.InProgress {
			err = t.replace(ctx, name)
		}
		if err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// transact lets the children build and publish, commits, or rolls back. The children end, unless they are kept.
func (t *transaction) transact(ctx context.Context) error {
	t.unwatch = context.AfterFunc(ctx, t.stop)
	conversed := false
	defer func() {
		if !conversed { // Progress has panicked, or ended the goroutine
			t.end()
			err := errSilent
			t.undo(&err)
		}
	}()
	defer t.endStopped()()
	err := t.converse(ctx)
	conversed = true
	t.unwatch()
	if t.again && t.committed {
		return err
	}
	return t.conclude(ctx, err)
}

// conclude ends the children and, if one of them has not rolled back, undoes its stages. It returns the transaction's error.
func (t *transaction) conclude(ctx context.Context, err error) error {
	ends := t.end()
	if slices.ContainsFunc(ends, signalled) { // while it was in our process group, so the signal is for us too
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
		err = t.broken.broke(ends[slices.Index(t.workers, t.broken)])
	}
	if slices.ContainsFunc(t.workers, func(w *worker) bool { return !w.undone }) {
		t.undo(&err)
	}
	t.addLost(&err)
	return err
}

func (t *transaction) stop() {
	for _, w := range t.workers {
		w.stop()
	}
}

// end ends all children, and returns how each ended.
func (t *transaction) end() []error {
	t.stop()
	var ends []error
	for _, w := range t.workers {
		ends = append(ends, w.end())
	}
	return ends
}

// undo calls the Undo of each stage for each namespace, because the children no longer can.
func (t *transaction) undo(err *error) {
	var tx rollback.Tx
	defer tx.Rollback(err)
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
	if t.made != nil {
		t.made.Close()
	}
	if slices.ContainsFunc(t.workers, func(w *worker) bool { return w.lost != nil }) {
		go t.closeLate()
		return
	}
	t.closeAll()
}

func (t *transaction) closeAll() {
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
