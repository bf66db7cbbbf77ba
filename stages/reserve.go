//go:build linux

package stages

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns/persist"
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
