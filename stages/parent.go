//go:build linux

package stages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"golang.org/x/sys/unix"
)

// share is how many namespaces are worth a further child, which takes about as long to start as a few to make.
const share = 32

// Run makes the namespaces of the plan in a run directory ("" for the default one), all or none, and returns when the
// children have ended: one, or with many names several that share the work. When the context ends, it rolls back and returns
// the context's cause. A child that is stopped by a signal for ten seconds is ended, and the plan fails.
//
// Besides what [Plan.Check] and [persist.Prepare] return, it returns a *[persist.StateError] if a name is taken, an *[Error]
// for a stage that failed, a *[KeptError], and with any of them a *[rollback.UndoError] for each step whose effect could not
// be undone; without one, nothing is left. A child that does not die of SIGKILL within some seconds, because its cgroup is
// frozen, is such a step, named "child". The error names its PID, and it makes nothing when it is let go.
func Run(ctx context.Context, dir string, plan *Plan) error {
	r, err := newRun(ctx, dir, plan)
	if err != nil {
		return err
	}
	defer r.close()
	return r.do(ctx)
}

// New is [Run] for a plan of one name, and returns the namespace that it made, open. The child hands it over, so it is never
// another one that has the name by then. Its Name is the path of the name.
func New(ctx context.Context, dir string, plan *Plan) (*os.File, error) {
	if len(plan.Names) != 1 {
		return nil, fmt.Errorf("%d names, not one", len(plan.Names))
	}
	r, err := newRun(ctx, dir, plan)
	if err != nil {
		return nil, err
	}
	defer r.close()
	r.hand = true
	if err := r.do(ctx); err != nil {
		return nil, err
	}
	made := r.made
	r.made = nil
	return made, nil
}

func newRun(ctx context.Context, dir string, plan *Plan) (*run, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	dir, err := persist.DirPath(dir)
	if err != nil {
		return nil, err
	}
	r := &run{plan: plan, dir: dir}
	r.open = func() (err error) {
		r.store, err = persist.Prepare(ctx, dir)
		return err
	}
	r.release = func() {
		if r.store != nil {
			r.store.Close()
		}
	}
	return r, nil
}

// do starts the children, and sees the transaction to its end.
func (r *run) do(ctx context.Context) error {
	if err := r.reserveFirst(ctx); err != nil {
		return err
	}
	for range r.plan.children() {
		w, err := takeWorker(r.plan)
		if err != nil {
			r.end()
			return err
		}
		r.workers = append(r.workers, w)
	}
	return r.transact(ctx, false)
}

// children returns how many children work on the plan.
func (p *Plan) children() int {
	if p.Keep { // which is about one that failed, and those before it
		return 1
	}
	return max(1, min(runtime.GOMAXPROCS(0), len(p.Names)/share))
}

// reserveFirst reserves before anything is built, if there are stages of somebody else's: what they do outside of a namespace
// may have to do with its name.
func (r *run) reserveFirst(ctx context.Context) error {
	if r.plan.builtIn() {
		return nil
	}
	return r.reserve(ctx)
}

// reserve opens the run directory, and sees to it that the names of the plan are free, as far as can be known.
func (r *run) reserve(ctx context.Context) error {
	if err := r.open(); err != nil {
		return err
	}
	for _, name := range r.plan.Names {
		err := r.store.Reserve(ctx, name)
		var taken *persist.StateError
		if r.plan.Replace && errors.As(err, &taken) && taken.State != persist.InProgress {
			err = r.replace(ctx, name)
		}
		if err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// A run is the parent's half of a transaction.
type run struct {
	plan      *Plan
	dir       string
	store     *persist.Store      // nil before it is open
	open      func() error        // opens it
	release   func()              // closes it, if it was opened
	claim     *persist.Claim      // nil before it is made
	replaced  map[string]*os.File // what has the names that are to be replaced
	workers   []*worker
	committed bool
	broken    *worker  // whose conversation ended in the middle
	hand      bool     // the child is to hand over what it makes
	made      *os.File // which is this

	unwatch func() bool // stops watching the context, and says whether it has not ended yet
}

// transact sees the transaction to its end. The workers end as well, unless it was committed and they are to be kept.
func (r *run) transact(ctx context.Context, again bool) error {
	r.unwatch = context.AfterFunc(ctx, r.stop)
	conversed := false
	defer func() {
		if !conversed { // Progress has panicked, or ended the goroutine
			r.end()
			err := errSilent
			r.undo(&err)
		}
	}()
	defer r.endStopped()()
	err := r.converse(ctx, again)
	conversed = true
	r.unwatch()
	if again && r.committed {
		return err
	}
	ends := r.end()
	if slices.ContainsFunc(ends, signalled) { // before it left our process group: then the signal is ours, too, and may be on its way
		select {
		case <-ctx.Done():
		case <-time.After(signalPatience):
		}
	}
	switch {
	case r.committed:
		return err
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, errSilent):
		err = r.broken.broke(ends[slices.Index(r.workers, r.broken)])
	}
	if slices.ContainsFunc(r.workers, func(w *worker) bool { return !w.undone }) {
		r.undo(&err)
	}
	r.addLost(&err)
	return err
}

// addLost adds to an error what says that there is a child which does not die.
func (r *run) addLost(err *error) {
	var tx rollback.Tx
	for _, w := range r.workers {
		if w.lost != nil {
			tx.Add("child", func() error { return w.lost })
		}
	}
	tx.Rollback(err)
}

// close closes what the transaction has open. If a child is lost, it does so when that has ended: the system call in which
// it is stuck may still give a name to the claim, which is taken back then.
func (r *run) close() {
	if r.made != nil {
		r.made.Close()
	}
	if !slices.ContainsFunc(r.workers, func(w *worker) bool { return w.lost != nil }) {
		r.closeAll()
		return
	}
	go func() {
		for _, w := range r.workers {
			<-w.gone
		}
		if r.claim != nil && !r.committed {
			for _, name := range r.plan.Names {
				_ = r.claim.Withdraw(name) // what is left of it is stale, and the next one who wants the name repairs it
			}
		}
		r.closeAll()
	}()
}

func (r *run) closeAll() {
	if r.claim != nil {
		r.claim.Close()
	}
	for _, file := range r.replaced {
		file.Close()
	}
	r.release()
}

func (r *run) stop() {
	for _, w := range r.workers {
		w.stop()
	}
}

// end ends all workers, and returns how.
func (r *run) end() []error {
	r.stop()
	var ends []error
	for _, w := range r.workers {
		ends = append(ends, w.end())
	}
	return ends
}

// begin tells the workers what to build and, while they do, sees whether the names are free, and claims them.
func (r *run) begin(ctx context.Context, again bool) (err error) {
	if err := r.assign(again); err != nil {
		return err
	}
	if r.store == nil {
		if err := r.reserve(ctx); err != nil {
			return err
		}
	}
	if r.claim, err = r.store.Claim(r.plan.Names); err != nil {
		return err
	}
	for _, w := range r.workers {
		w.expectHello()
		err := silent("tell the child", w.conn.send(&message{kind: kindClaim}, r.store.File(), r.claim.File()))
		if err != nil && err != errSilent { // it may have said what has failed, and ended
			return err
		}
	}
	return nil
}

// assign tells each worker its share of the plan.
func (r *run) assign(again bool) error {
	n := len(r.workers)
	var files []*os.File
	if r.plan.Source != nil {
		files = append(files, r.plan.Source)
	}
	for i, w := range r.workers {
		from, to := len(r.plan.Names)*i/n, len(r.plan.Names)*(i+1)/n
		m := &message{
			kind: kindPlan, dir: r.dir, names: r.plan.Names[from:to], steps: r.plan.Steps, attach: r.plan.Source != nil,
			keep: r.plan.Keep, progress: r.plan.Progress != nil, together: n > 1 || r.plan.Replace, again: again, hand: r.hand,
		}
		if err := w.begin(m, files...); err != nil {
			r.broken = w
			return silent("tell the child", err)
		}
	}
	return nil
}

// converse talks with the children until all are ready, and decides, or until one has failed.
func (r *run) converse(ctx context.Context, again bool) error {
	if err := r.begin(ctx, again); err != nil {
		return err
	}
	for built, ready := 0, 0; ; {
		w, m, err := r.receive()
		if err != nil {
			return err
		}
		switch name := w.names[m.target]; m.kind {
		case kindHello:
		case kindPassed:
			if r.plan.Progress != nil {
				r.plan.Progress(Event{name, m.stage, m.took})
			}
		case kindBuilt:
			if built++; built == len(r.workers) {
				if err := r.makeRoom(ctx); err != nil {
					return err
				}
				r.tell(kindPublish)
			}
		case kindFailed:
			w.undone = m.undone
			return failure(name, m)
		case kindReady:
			if r.hand && m.err.text == "" {
				if r.made, err = w.conn.takeFile(filepath.Join(r.dir, name)); err != nil {
					return err
				}
			}
			if ready++; ready == len(r.workers) {
				return r.commit(ctx, name, m)
			}
		default:
			return fmt.Errorf("the child sent %q", m.kind)
		}
	}
}

// receive returns the next message, of whichever worker.
func (r *run) receive() (*worker, *message, error) {
	w, err := r.next()
	if err != nil {
		return nil, nil, err
	}
	m, err := w.receive()
	if err != nil {
		r.broken = w
	}
	return w, m, err
}

// next returns a worker that has something to say, or has ended.
func (r *run) next() (*worker, error) {
	if len(r.workers) == 1 {
		return r.workers[0], nil
	}
	fds := make([]unix.PollFd, len(r.workers))
	for i, w := range r.workers {
		if w.conn.reader.Buffered() > 0 {
			return w, nil
		}
		fds[i] = unix.PollFd{Fd: int32(w.conn.file.Fd()), Events: unix.POLLIN}
	}
	err := again(func() error {
		_, err := unix.Poll(fds, -1)
		return err
	})
	if err != nil {
		return nil, os.NewSyscallError("poll", err)
	}
	return r.workers[slices.IndexFunc(fds, func(fd unix.PollFd) bool { return fd.Revents != 0 })], nil
}

// tell tells all workers something. One that is dead by now will be found so.
func (r *run) tell(kind byte) {
	for _, w := range r.workers {
		_ = w.conn.send(&message{kind: kind})
	}
}

// commit decides, by a byte of the claim. From then on the namespaces stay, whoever dies.
func (r *run) commit(ctx context.Context, name string, m *message) error {
	if !r.unwatch() { // the children have been told to roll back
		return context.Cause(ctx)
	}
	var kept error
	if m.err.text == "" {
		if err := r.claim.Done(); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	} else {
		k := &KeptError{Complete: r.plan.Names[:m.complete], Err: failure(name, m)}
		if m.kept {
			k.Kept = name
		}
		if err := r.claim.Keep(k.Kept, m.stage); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		kept = k
	}
	r.committed = true
	// If a child is dead by now, that changes nothing.
	r.tell(kindCommit)
	return kept
}

// failure is the error that the child reported.
func failure(name string, m *message) error {
	if m.stage == "" {
		return &m.err
	}
	return &Error{name, m.stage, &m.err}
}

// undo does what the children can do no more.
func (r *run) undo(err *error) {
	var tx rollback.Tx
	defer tx.Rollback(err)
	built, buildErr := r.plan.build()
	if buildErr != nil { // it was built before
		return
	}
	steps := r.plan.steps()
	for _, t := range r.plan.targets(r.dir, r.claim) {
		for i, stage := range built {
			tx.Add(steps[i].Stage+" "+t.Name, func() error { return stage.Undo(t) })
		}
	}
}
