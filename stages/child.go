//go:build linux

package stages

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"golang.org/x/sys/unix"
)

// errStopped is how the child's work ends when the parent is dead or has given up. Nobody is told.
var errStopped = errors.New("stopped by the parent")

// A builder is the child's half of a transaction.
type builder struct {
	*conn
	plan    *message
	names   []string // of the stages; the last publishes
	stages  []Stage
	targets []*Target
	store   *persist.Store
	claim   *persist.Claim
	home    *os.File // the child's own namespace, if there will be another plan
	tx      rollback.Tx
}

// child is what the process started by [Run] does, instead of its main. It ends the process.
func child() {
	if awaited == nil {
		fmt.Fprintf(os.Stderr, "%s: only netns itself can start this\n", entryPoint)
		os.Exit(2)
	}
	runtime.LockOSThread()
	// Whoever sends these to all that netns has started means the parent, and that says what is to be done.
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	unix.CloseOnExec(socketFD) // should a stage run a command
	if serve(newConn(os.NewFile(socketFD, "socket"))) != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// serve works off the plans that come.
func serve(c *conn) error {
	b := &builder{conn: c}
	for {
		if err := b.run(); err != nil {
			return err
		}
		if !b.plan.again {
			return nil
		}
		if err := b.release(); err != nil {
			return err
		}
	}
}

// run makes the namespaces, and tells the parent. After an error nothing is left of them, or the parent knows.
func (b *builder) run() error {
	err := b.greet()
	if err == nil {
		err = b.start()
	}
	var failure *Error
	if err == nil {
		failure, err = b.transact()
	}
	if err == nil || err == errStopped {
		return err
	}
	m := &message{kind: kindFailed, err: toRemote(err)}
	var left *rollback.UndoError
	m.undone = !errors.As(err, &left)
	if failure != nil {
		m.target, m.stage, m.err = b.index(failure.Namespace), failure.Stage, toRemote(failure.Err)
	}
	return errors.Join(err, b.send(m))
}

// greet says hello before the first plan, and waits for that.
func (b *builder) greet() error {
	if b.plan != nil {
		return nil
	}
	if err := b.send(&message{kind: kindHello}); err != nil {
		return err
	}
	// A parent whose fork went wrong may never come to it, and hold the socket all the same.
	fds := []unix.PollFd{{Fd: socketFD, Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, int(helloPatience.Milliseconds())); err == nil && n == 0 {
		return errors.New("no plan came")
	}
	return nil
}

// start learns the plan.
func (b *builder) start() error {
	m, err := b.receive()
	if err == io.EOF {
		return errStopped
	}
	if err != nil {
		return err
	}
	if m.kind != kindPlan {
		return fmt.Errorf("expected the plan, got %q", m.kind)
	}
	b.plan = m
	plan := Plan{Names: m.names, Steps: m.steps}
	b.store, b.claim = nil, nil
	if m.attach {
		if plan.Source, err = b.takeFile("namespace"); err != nil {
			return err
		}
	}
	if m.again && b.home == nil {
		if b.home, err = openOwn(); err != nil {
			return err
		}
	}
	if b.stages, err = plan.build(); err != nil {
		return err
	}
	b.names = b.names[:0]
	for _, step := range plan.steps() {
		b.names = append(b.names, step.Stage)
	}
	b.targets = plan.targets(m.dir, nil)
	return raiseFileLimit(len(m.names))
}

// waitForClaim waits for the claim, without which nothing gets a name.
func (b *builder) waitForClaim() error {
	if err := b.await(kindClaim); err != nil {
		return err
	}
	dir, err := b.takeFile(b.plan.dir)
	if err != nil {
		return err
	}
	b.store = persist.FromFile(dir)
	file, err := b.takeFile(b.plan.dir + " (claim)")
	if err != nil {
		return err
	}
	b.claim = b.store.ClaimFromFile(file)
	for _, t := range b.targets {
		t.claim = b.claim
	}
	return nil
}

// await waits for a message. Another one, or the end of file, means that the parent has given up.
func (b *builder) await(kind byte) error {
	m, err := b.receive()
	if err == io.EOF || err == nil && m.kind != kind {
		return errStopped
	}
	return err
}

// release goes home and lets go of all that was made, so that a child which waits for the next plan keeps no namespace.
func (b *builder) release() error {
	if err := unix.Setns(int(b.home.Fd()), unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("setns", err)
	}
	for _, t := range b.targets {
		t.ns.Close()
	}
	b.tx, b.targets = rollback.Tx{}, nil
	return errors.Join(b.claim.Close(), b.store.Close())
}

// raiseFileLimit makes room for a descriptor of each namespace: all are built before the first gets its name.
func raiseFileLimit(namespaces int) error {
	const others = 64
	need := uint64(namespaces + others)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	if limit.Cur >= need {
		return nil
	}
	was := limit.Max
	limit.Cur, limit.Max = need, max(need, limit.Max)
	err := os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	if err != nil && persist.HasCapability(unix.CAP_SYS_RESOURCE) {
		return fmt.Errorf("%w: %d files cannot be open at once (/proc/sys/fs/nr_open)", err, need)
	}
	return persist.Needs(unix.CAP_SYS_RESOURCE, fmt.Sprintf("having %d files open where the limit (ulimit -Hn) is %d", need, was), err)
}

// transact does the stages and waits for the parent's decision. The error includes what could not be undone; failure,
// which may be nil, is what caused it.
func (b *builder) transact() (failure *Error, err error) {
	defer b.tx.Rollback(&err)
	last := len(b.stages) - 1
	built, failure, err := b.each(b.targets, 0, last)
	if err != nil && !b.keeps(failure) {
		return failure, err
	}
	if err := b.waitForClaim(); err != nil {
		return nil, err
	}
	if b.plan.together {
		if err := b.waitForOthers(); err != nil {
			return nil, err
		}
	}
	wanted := built
	if failure != nil && b.targets[built].ns != nil {
		wanted++ // the one that failed, as it is
	}
	published, second, err := b.each(b.targets[:wanted], last, last+1)
	if err != nil && !b.keeps(second) {
		return second, err
	}
	if failure == nil {
		failure = second
	}
	ready := &message{kind: kindReady, complete: uint64(min(built, published)), kept: published > built}
	if failure != nil {
		if published == 0 {
			return failure, failure
		}
		ready.target, ready.stage, ready.err = b.index(failure.Namespace), failure.Stage, toRemote(failure.Err)
	}
	var files []*os.File
	if b.plan.hand && failure == nil {
		files = append(files, b.targets[0].ns)
	}
	if err := b.send(ready, files...); err != nil {
		return nil, fmt.Errorf("tell the parent: %w", err) // to be tried once more; if that is dead, in vain
	}
	if err := b.decision(); err != nil {
		return nil, err
	}
	b.tx.Commit()
	return nil, nil
}

// waitForOthers returns when all children that work together have built what they are to build.
func (b *builder) waitForOthers() error {
	if err := b.send(&message{kind: kindBuilt}); err != nil {
		return errStopped
	}
	return b.await(kindPublish)
}

// keeps reports whether a failure is one that the plan says to live with.
func (b *builder) keeps(failure *Error) bool { return b.plan.keep && failure != nil }

// each does some of the stages on each of some namespaces, until one fails, and returns on how many they were done.
func (b *builder) each(targets []*Target, from, to int) (done int, failure *Error, err error) {
	for i, t := range targets {
		if failure, err := b.do(uint64(i), t, from, to); err != nil {
			return i, failure, err
		}
	}
	return len(targets), nil, nil
}

// do does some of the stages on a namespace. The error is errStopped, or the same as the failure.
func (b *builder) do(index uint64, t *Target, from, to int) (*Error, error) {
	for i := from; i < to; i++ {
		if b.stopped() {
			return nil, errStopped
		}
		start := time.Now()
		do := b.stages[i].Do
		if builtIn[b.names[i]] == nil {
			do = func(t *Target) error { return b.guarded(b.names[i]+" "+t.Name, b.stages[i], t) }
		}
		if err := do(t); err != nil {
			failure := &Error{t.Name, b.names[i], err}
			return failure, failure
		}
		b.tx.Add(b.names[i]+" "+t.Name, func() error {
			return outside(func() error { return b.stages[i].Undo(t) })
		})
		if b.plan.progress {
			m := &message{kind: kindPassed, target: index, stage: b.names[i], took: time.Since(start)}
			if err := b.send(m); err != nil {
				return nil, errStopped
			}
		}
	}
	return nil, nil
}

// outside calls f on another thread than this one, which may be in a namespace that was made.
func outside(f func() error) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil { // as rollback does on its own goroutine
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		err = f()
	}()
	<-done
	return err
}

// stopped reports whether the parent has closed its end, which it does when it dies or gives up.
func (b *builder) stopped() bool {
	fds := []unix.PollFd{{Fd: socketFD, Events: unix.POLLRDHUP}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// decision waits for the commit. A parent that died without a word may have decided before: the claim tells.
func (b *builder) decision() error {
	// A read that failed says nothing: the parent may be about to commit, and only its end takes that back.
	for deadline := time.Now().Add(helloPatience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		m, err := b.receive()
		if err == nil && m.kind == kindCommit {
			return nil
		}
		var errno unix.Errno
		if !errors.As(err, &errno) || errno == unix.ECONNRESET {
			break
		}
	}
	if committed, err := b.claim.Committed(); err == nil && committed {
		return nil
	}
	return errStopped
}

func (b *builder) index(name string) uint64 {
	for i, t := range b.targets {
		if t.Name == name {
			return uint64(i)
		}
	}
	return 0
}
