//go:build linux

package stages

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns/persist"
)

// replace opens what a name shows, if it may be deleted. While it is open, it cannot be confused with what comes later.
func (t *transaction) replace(ctx context.Context, name string) error {
	shown, err := t.store.Deletable(ctx, name, t.plan.Force)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if t.replaced == nil {
		t.replaced = map[string]*os.File{}
	}
	t.replaced[name] = shown
	return nil
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
