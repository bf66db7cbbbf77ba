//go:build linux

package stages

import (
	"context"
	"fmt"
	"os"

	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
)

// Run makes the namespaces of the plan in a run directory ("" for the default one), all or none. It returns when the children
// have ended: one child, or several that share the work if there are many names. When the context ends, Run rolls back and
// returns the context's cause. If a signal stops a child for ten seconds, Run ends the child and fails.
//
// Besides the errors of [Plan.Check] and [persist.Prepare], Run returns a *[persist.StateError] for a name that exists, an
// *[Error] for a stage that failed, or a *[KeptError]. Any of these comes with a *[rollback.UndoError] for each step whose
// effect could not be undone; without one, nothing is left. A child in a frozen cgroup may not die of SIGKILL. After some
// seconds Run then returns a *[rollback.UndoError] for the step "child", whose text has the PID. Once that child is thawed, it
// ends without making anything.
func Run(ctx context.Context, dir string, plan *Plan) error {
	_, err := run(ctx, dir, plan, false)
	return err
}

// New is [Run] for a plan of one name, and returns the new namespace, open. The child hands it over, so it is the right one
// even if another process has given the name to another namespace since. The Name of the file is the path of the name.
func New(ctx context.Context, dir string, plan *Plan) (*os.File, error) {
	if len(plan.Names) != 1 {
		return nil, fmt.Errorf("%d names, not one", len(plan.Names))
	}
	return run(ctx, dir, plan, true)
}

func run(ctx context.Context, dir string, plan *Plan, hand bool) (*os.File, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	dir, err := persist.DirPath(dir)
	if err != nil {
		return nil, err
	}
	open := func(ctx context.Context) (*persist.Store, func(), error) {
		store, err := persist.Prepare(ctx, dir)
		return store, func() { store.Close() }, err
	}
	t := &transaction{plan: plan, dir: dir, hand: hand, take: startWorker, open: open}
	return t.run(ctx)
}

// Here does steps on the calling thread, which must be locked, in the thread's network namespace. If the first step is
// [Unshare], that is a new one without a name. The [Target] of the stages has no name and no path.
//
// Here returns an *[ArgumentError] before it does anything, or an *[Error]. After an *[Error], Here has undone on the calling
// thread what the steps did outside of the namespace, except for what an additional *[rollback.UndoError] reports. What the
// steps did inside remains, and the thread stays inside.
func Here(steps ...Step) (err error) {
	stages, err := build(steps)
	if err != nil {
		return err
	}
	var target Target
	defer func() {
		if target.ns != nil {
			target.ns.Close()
		}
	}()
	var tx rollback.Tx
	defer tx.Rollback(&err)
	for _, s := range stages {
		if err := s.Do(&target); err != nil {
			return &Error{Stage: s.name, Err: err}
		}
		tx.Add(s.name, func() error { return s.Undo(&target) })
	}
	tx.Commit()
	return nil
}
