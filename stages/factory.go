//go:build linux

package stages

import (
	"context"
	"os"
	"slices"
	"sync"

	"github.com/netns-go/netns/persist"
)

// A Factory makes namespaces as [Run] does, but keeps its children from one transaction to the next instead of starting new
// ones. It is safe for concurrent use: transactions that run at the same time have a child each. A waiting child is in its own
// namespace, and holds none of those that it has made.
type Factory struct {
	dir   string
	steps []Step
	slots chan struct{} // has one element for each transaction that runs
	done  chan struct{} // closed by Close

	closing sync.Once

	mu    sync.Mutex
	store *openDir
	idle  []*worker
}

// An openDir is a run directory that transactions share. If another one has replaced it, the last user closes it.
type openDir struct {
	*persist.Store
	users int
}

// NewFactory returns a Factory for a run directory ("" for the default one), which makes all namespaces by the same steps. It
// runs at most as many transactions at once as the number of children. It starts no child yet. For the steps it returns the
// errors of [Plan.Check].
func NewFactory(dir string, steps []Step, children int) (*Factory, error) {
	if err := (&Plan{Steps: steps}).Check(); err != nil {
		return nil, err
	}
	dir, err := persist.DirPath(dir)
	if err != nil {
		return nil, err
	}
	slots := make(chan struct{}, max(1, children))
	return &Factory{dir: dir, steps: slices.Clone(steps), slots: slots, done: make(chan struct{})}, nil
}

// Run makes namespaces, all or none, as soon as a child is free. It returns the errors of the function [Run]. After Close it
// returns an error that matches [fs.ErrClosed].
func (f *Factory) Run(ctx context.Context, names []string) error {
	_, err := f.run(ctx, names, false)
	return err
}

// New is [Factory.Run] for one name, and returns the new namespace, open. As with the function [New], the child hands it over.
func (f *Factory) New(ctx context.Context, name string) (*os.File, error) {
	return f.run(ctx, []string{name}, true)
}

func (f *Factory) run(ctx context.Context, names []string, hand bool) (*os.File, error) {
	plan := &Plan{Names: names, Steps: f.steps}
	if err := plan.Check(); err != nil {
		return nil, err
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-f.done:
		return nil, closedError{}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	t := &transaction{plan: plan, dir: f.dir, hand: hand, again: true, take: f.take, open: f.open}
	made, err := t.run(ctx)
	if t.committed {
		f.mu.Lock()
		f.idle = append(f.idle, t.workers[0])
		f.mu.Unlock()
	}
	return made, err
}

// open returns the run directory, opened again if another one has replaced it, until the caller calls release.
func (f *Factory) open(ctx context.Context) (store *persist.Store, release func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.store != nil && !f.store.IsCurrent() {
		f.drop(f.store)
		f.store = nil
	}
	if f.store == nil {
		store, err := persist.Prepare(ctx, f.dir)
		if err != nil {
			return nil, nil, err
		}
		f.store = &openDir{store, 1} // for the factory itself
	}
	dir := f.store
	dir.users++
	return dir.Store, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.drop(dir)
	}, nil
}

func (f *Factory) drop(dir *openDir) {
	if dir.users--; dir.users == 0 {
		dir.Close()
	}
}

// take returns a waiting child, or a new one.
func (f *Factory) take(plan *Plan) (*worker, error) {
	for {
		f.mu.Lock()
		n := len(f.idle)
		if n == 0 {
			f.mu.Unlock()
			return startWorker(plan)
		}
		w := f.idle[n-1]
		f.idle = f.idle[:n-1]
		f.mu.Unlock()
		if dead, err := w.conn.hungUp(); err == nil && !dead {
			return w, nil
		}
		w.end() // another process has killed it
	}
}

// Close waits for running transactions, and ends the children. Namespaces stay. Calling Close again does nothing. For a child
// that does not die of SIGKILL, because its cgroup is frozen, Close waits only for some seconds.
func (f *Factory) Close() {
	f.closing.Do(func() {
		close(f.done)
		for range cap(f.slots) { // no transaction gets a slot any more
			f.slots <- struct{}{}
		}
		endAll(f.idle)
		if f.store != nil {
			f.drop(f.store)
		}
	})
}
