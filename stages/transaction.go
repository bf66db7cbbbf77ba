//go:build linux

package stages

import (
	"context"
	"errors"
	"fmt"
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
	made      *os.File // the namespace that the child handed over, for the caller of run after the commit

	unwatch func() bool // stops watching the context, and reports whether the context had not ended
}

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

// reserve opens the run directory and returns an error if a name of the plan is not free.
func (t *transaction) reserve(ctx context.Context) error {
	store, release, err := t.open(ctx)
	if err != nil {
		return err
	}
	t.store, t.release, t.replaced = store, release, map[string]*os.File{}
	for _, name := range t.plan.Names {
		err := store.Reserve(ctx, name)
		var taken *persist.StateError
		if t.plan.Replace && errors.As(err, &taken) && taken.State != persist.InProgress {
			// While what the name shows is open, it cannot be confused with what comes later.
			if t.replaced[name], err = store.Deletable(ctx, name, t.plan.Force); isGone(err) {
				err = nil
			}
		}
		if err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// makeRoom deletes what the plan replaces, unless a name shows something else now. If another process takes a name between
// this look and the end of the transaction, the transaction fails, and what makeRoom deleted is gone.
func (t *transaction) makeRoom(ctx context.Context) error {
	if !t.plan.Replace {
		return nil
	}
	for _, name := range t.plan.Names {
		if err := t.store.CheckShown(name, t.replaced[name]); err != nil {
			return err
		}
	}
	for _, name := range t.plan.Names { // in the order in which a transaction has mounted them, which DeleteShown finds fastest
		shown := t.replaced[name]
		if shown == nil {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := t.store.DeleteShown(ctx, name, shown, t.plan.Force); err != nil && !isGone(err) {
			return fmt.Errorf("replace: %w", err)
		}
	}
	return nil
}

// isGone reports whether an error is about a missing name, and not about another missing file, such as one of a /proc that is
// not mounted.
func isGone(err error) bool { return errors.As(err, new(*persist.NotExistError)) }

// transact lets the children build and publish, commits, or rolls back. The children end, unless they are kept.
func (t *transaction) transact(ctx context.Context) (err error) {
	t.unwatch = context.AfterFunc(ctx, func() { stopAll(t.workers) })
	defer t.endStopped()()
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
