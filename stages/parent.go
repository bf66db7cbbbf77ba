package stages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/moby/sys/reexec"
	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"golang.org/x/sys/unix"
)

const (
	// helloPatience is how long a child may take to dispatch. One that does not is running somebody's main.
	helloPatience = 10 * time.Second
	// endPatience is how long a child may take to roll back and end, once it was told to.
	endPatience = 2 * time.Second
)

// Run makes the namespaces of the plan in the store, all or none, and returns when the child has ended. When the
// context ends, it rolls back and returns the context's cause.
//
// Besides what [Plan.Check] returns, it returns a *[persist.StateError] if a name is taken, an *[Error] for a stage
// that failed, a *[KeptError], and with any of them a *[rollback.UndoError] for each step whose effect could not be
// undone; without one, nothing is left.
func Run(ctx context.Context, store *persist.Store, plan *Plan) error {
	if err := plan.Check(); err != nil {
		return err
	}
	for _, name := range plan.Names {
		if err := store.Reserve(ctx, name); err != nil {
			return err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	claim, err := store.Claim(plan.Names)
	if err != nil {
		return err
	}
	defer claim.Close()
	r := &run{plan: plan, store: store, claim: claim}
	return r.transact(ctx)
}

// A run is the parent's half of a transaction.
type run struct {
	plan      *Plan
	store     *persist.Store
	claim     *persist.Claim
	conn      *conn
	child     *exec.Cmd
	committed bool
	undone    bool // by the child

	unwatch func() bool // stops watching the context, and says whether it has not ended yet
	stopped sync.Once
	killer  *time.Timer
}

func (r *run) transact(ctx context.Context) error {
	if err := r.start(); err != nil {
		return err
	}
	r.unwatch = context.AfterFunc(ctx, r.stop)
	err := r.converse(ctx)
	r.unwatch()
	// Whatever it was, the child has nothing more to hear. If it rolls back now, that takes a moment.
	r.stop()
	waitErr := r.child.Wait()
	r.killer.Stop()
	r.conn.file.Close()
	if signalled(waitErr) { // before it left our process group: then the signal is ours, too, and may be on its way
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
		err = fmt.Errorf("%w: %w", errSilent, ended(waitErr))
	}
	if !r.undone {
		r.undo(&err)
	}
	return err
}

// signalPatience is how long a signal to the process group may be under way to this process when the child has died of it.
const signalPatience = 100 * time.Millisecond

// signalled says whether the child ended by a signal that tells programs to end.
func signalled(waitErr error) bool {
	var exit *exec.ExitError
	if !errors.As(waitErr, &exit) {
		return false
	}
	switch status, _ := exit.Sys().(syscall.WaitStatus); status.Signal() {
	case unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT:
		return true
	}
	return false
}

// errSilent is how the conversation ends when the child dies in the middle of it.
var errSilent = errors.New("the child ended before its work was done")

// silent is errSilent, unless talking failed for another reason than that the child has ended.
func silent(what string, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) || errno == unix.EPIPE || errno == unix.ECONNRESET {
		return errSilent
	}
	return fmt.Errorf("%s: %w", what, err)
}

// ended says how the child ended.
func ended(waitErr error) error {
	if waitErr == nil {
		return errors.New("exit status 0")
	}
	return waitErr
}

// start starts the child, with its end of the socket, the claim and the run directory.
func (r *run) start() error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "socket to the child"), os.NewFile(uintptr(fds[1]), "socket")
	defer theirs.Close()
	r.conn = newConn(ours)
	// Not reexec.Command: the death signal that it sets comes when the thread ends that forked, go.dev/issue/27505.
	r.child = &exec.Cmd{
		Path:       reexec.Self(),
		Args:       []string{entryPoint},
		Env:        []string{token(r.plan)},
		Stderr:     os.Stderr,
		ExtraFiles: []*os.File{theirs, r.claim.File(), r.store.File()},
		// Out of the reach of Ctrl-C: between its start and its first line it could not know what to do about it.
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if r.plan.Source != nil {
		r.child.ExtraFiles = append(r.child.ExtraFiles, r.plan.Source)
	}
	if path, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok { // a cgo program may not start without
		r.child.Env = append(r.child.Env, "LD_LIBRARY_PATH="+path)
	}
	if err := r.child.Start(); err != nil {
		ours.Close()
		return fmt.Errorf("start the child: %w", err)
	}
	return nil
}

// stop tells the child to roll back if it is not done, and sees to it that it ends in time.
func (r *run) stop() {
	r.stopped.Do(func() {
		unix.Shutdown(int(r.conn.file.Fd()), unix.SHUT_WR)
		r.killer = time.AfterFunc(endPatience, r.kill)
	})
}

func (r *run) kill() { _ = r.child.Process.Kill() } // it may have ended by itself

// converse talks with the child until it is ready, and decides, or until it has failed.
func (r *run) converse(ctx context.Context) error {
	silence := time.AfterFunc(helloPatience, r.kill)
	defer silence.Stop()
	plan := &message{
		kind: kindPlan, dir: r.store.Dir(), names: r.plan.Names, steps: r.plan.Steps, attach: r.plan.Source != nil,
		keep: r.plan.Keep, progress: r.plan.Progress != nil,
	}
	if err := r.conn.send(plan); err != nil {
		return silent("tell the child", err)
	}
	for {
		m, err := r.conn.receive()
		if err != nil {
			return silent("hear the child", err)
		}
		if m.target >= uint64(len(r.plan.Names)) || m.complete > uint64(len(r.plan.Names)) {
			return fmt.Errorf("the child speaks of namespace %d of %d", m.target, len(r.plan.Names))
		}
		switch name := r.plan.Names[m.target]; m.kind {
		case kindHello:
			if m.version != protocol {
				return fmt.Errorf("the child speaks protocol %d, not %d", m.version, protocol)
			}
			silence.Stop()
		case kindPassed:
			if r.plan.Progress != nil {
				r.plan.Progress(Event{name, m.stage, m.took})
			}
		case kindFailed:
			r.undone = m.undone
			return failure(name, m)
		case kindReady:
			return r.commit(ctx, name, m)
		default:
			return fmt.Errorf("the child sent %q", m.kind)
		}
	}
}

// commit decides, by a byte of the claim. From then on the namespaces stay, whoever dies.
func (r *run) commit(ctx context.Context, name string, m *message) error {
	if !r.unwatch() { // the child has been told to roll back
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
	// If the child is dead by now, that changes nothing.
	_ = r.conn.send(&message{kind: kindCommit})
	return kept
}

// failure is the error that the child reported.
func failure(name string, m *message) error {
	if m.stage == "" {
		return &m.err
	}
	return &Error{name, m.stage, &m.err}
}

// undo does what the child can do no more.
func (r *run) undo(err *error) {
	var tx rollback.Tx
	defer tx.Rollback(err)
	built, buildErr := r.plan.build()
	if buildErr != nil { // it was built before
		return
	}
	steps := r.plan.steps()
	for _, t := range r.plan.targets(r.store, r.claim) {
		for i, stage := range built {
			tx.Add(steps[i].Stage+" "+t.Name, func() error { return stage.Undo(t) })
		}
	}
}
