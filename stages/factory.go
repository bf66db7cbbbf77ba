//go:build linux

package stages

import (
	"context"
	"slices"
	"sync"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// A Factory makes namespaces as [Run] does, in children that it keeps from one transaction to the next, so that none has to
// be started. It is safe for concurrent use: each transaction that runs has a child of its own. A child that waits is in
// no namespace but its own, and holds none that it has made.
type Factory struct {
	dir   string
	steps []Step
	slots chan struct{} // has one element for each transaction that runs
	done  chan struct{} // closed by Close

	mu    sync.Mutex
	store *openDir
	idle  []*worker
}

// An openDir is a run directory that transactions share. One that is there no more is closed when the last has ended.
type openDir struct {
	*persist.Store
	users int
}

// NewFactory returns a Factory for the run directory ("" for the default one), by whose steps all namespaces are made, and
// which runs at most so many transactions at once. It starts no child yet. It returns what [Plan.Check] does for the steps.
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

// Run makes namespaces, all or none, once one of the children is free. It returns what [Run] does, or [ErrClosed].
func (f *Factory) Run(ctx context.Context, names []string) error {
	plan := &Plan{Names: names, Steps: f.steps}
	if err := plan.Check(); err != nil {
		return err
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-f.done:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var dir *openDir
	r := &run{plan: plan, dir: f.dir}
	r.open = func() (err error) {
		if dir, err = f.prepare(ctx); err == nil {
			r.store = dir.Store
		}
		return err
	}
	r.release = func() {
		if dir != nil {
			f.release(dir)
		}
	}
	defer r.close()
	if err := r.reserveFirst(ctx); err != nil {
		return err
	}
	w, err := f.take(plan)
	if err != nil {
		return err
	}
	r.workers = []*worker{w}
	err = r.transact(ctx, true)
	if r.committed {
		f.keep(w)
	}
	return err
}

// prepare returns the run directory, opened anew if another one is in its place.
func (f *Factory) prepare(ctx context.Context) (*openDir, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.store != nil && !f.store.IsCurrent() {
		f.drop(f.store)
		f.store = nil
	}
	if f.store == nil {
		store, err := persist.Prepare(ctx, f.dir)
		if err != nil {
			return nil, err
		}
		f.store = &openDir{store, 1} // for the factory itself
	}
	f.store.users++
	return f.store, nil
}

func (f *Factory) release(dir *openDir) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(dir)
}

func (f *Factory) drop(dir *openDir) {
	if dir.users--; dir.users == 0 {
		dir.Close()
	}
}

// take returns a child that waits, or a new one.
func (f *Factory) take(plan *Plan) (*worker, error) {
	for {
		f.mu.Lock()
		n := len(f.idle)
		if n == 0 {
			f.mu.Unlock()
			return startWorker(token(plan))
		}
		w := f.idle[n-1]
		f.idle = f.idle[:n-1]
		f.mu.Unlock()
		if w.waits() {
			return w, nil
		}
		_ = w.end() // it died, which it had no reason to
	}
}

// waits reports whether a child that has nothing to do is still there.
func (w *worker) waits() bool {
	fds := []unix.PollFd{{Fd: int32(w.conn.file.Fd()), Events: unix.POLLRDHUP}}
	var n int
	err := again(func() (err error) {
		n, err = unix.Poll(fds, 0)
		return err
	})
	return err == nil && n == 0
}

func (f *Factory) keep(w *worker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, w)
}

// Close waits for the transactions that run, and ends the children. Namespaces stay. It may be called again. A child that does
// not die of SIGKILL, because its cgroup is frozen, is waited for only for some seconds.
func (f *Factory) Close() {
	f.mu.Lock()
	select {
	case <-f.done:
		f.mu.Unlock()
		return
	default:
		close(f.done)
	}
	f.mu.Unlock()
	for range cap(f.slots) { // so that there will be none
		f.slots <- struct{}{}
	}
	for _, w := range f.idle {
		w.stop()
	}
	for _, w := range f.idle {
		_ = w.end()
	}
	if f.store != nil {
		f.drop(f.store)
	}
}
