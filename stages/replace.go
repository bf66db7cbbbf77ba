//go:build linux

package stages

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns/persist"
)

// replace takes note of what has a name that is to be replaced, if it can be. As long as it is open it is told from what
// comes later.
func (r *run) replace(ctx context.Context, name string) error {
	shown, err := r.store.Deletable(ctx, name, false)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.replaced == nil {
		r.replaced = map[string]*os.File{}
	}
	r.replaced[name] = shown
	return nil
}

// makeRoom deletes what is to be replaced, unless another one has come in the place of any. What another process does
// between that look and the end of the transaction is a failure, and what was deleted is gone.
func (r *run) makeRoom(ctx context.Context) error {
	if !r.plan.Replace {
		return nil
	}
	for _, name := range r.plan.Names {
		if err := r.store.CheckShown(name, r.replaced[name]); err != nil {
			return err
		}
	}
	for _, name := range r.plan.Names { // in the order of their claim, as Delete finds them best
		shown := r.replaced[name]
		if shown == nil {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.store.DeleteShown(ctx, name, shown, false); err != nil && !isGone(err) {
			return fmt.Errorf("replace: %w", err)
		}
	}
	return nil
}

// isGone reports whether an error says that a name is gone, and not merely that some file is missing, as one of a /proc that
// is not mounted.
func isGone(err error) bool { return errors.As(err, new(*persist.NotExistError)) }
