//go:build linux

package stages

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"golang.org/x/sys/unix"
)

// errStopped ends the child's work when the parent is dead or has given up, so the child reports no error.
var errStopped = errors.New("stopped by the parent")

// A builder is the child's half of a transaction.
type builder struct {
	*conn
	plan    *message
	stages  []namedStage // the last is publish
	targets []*Target
	store   *persist.Store
	claim   *persist.Claim
	home    *os.File // the child's own namespace, if the child is kept for another plan
	tx      rollback.Tx
}

// greet says hello before the first plan, and waits until that comes.
func (b *builder) greet() error {
	if b.plan != nil {
		return nil
	}
	if err := b.send(&message{kind: kindHello}); err != nil {
		return err
	}
	// A parent whose fork failed halfway may never send a plan, and still hold the socket open.
	fds := []unix.PollFd{{Fd: socketFD, Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, int(helloPatience.Milliseconds())); err == nil && n == 0 {
		return errors.New("no plan came")
	}
	return nil
}

// start receives the plan.
func (b *builder) start() error {
	m, err := b.await(kindPlan)
	if err != nil {
		return err
	}
	b.plan = m
	plan := Plan{Names: m.names, Steps: m.steps}
	if m.attach {
		if plan.Source, err = b.takeFile("namespace"); err != nil {
			return err
		}
	}
	if m.again && b.home == nil {
		if b.home, err = sys.Open(ownNamespace, unix.O_RDONLY); err != nil {
			return err
		}
	}
	if b.stages, err = build(plan.steps()); err != nil {
		return err
	}
	b.targets = plan.targets(m.dir, nil)
	return raiseFileLimit(len(m.names))
}

// raiseFileLimit makes room for a descriptor of each namespace, because all are open before the first gets its name.
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

// waitForClaim receives the claim, without which no namespace gets a name.
func (b *builder) waitForClaim() error {
	if _, err := b.await(kindClaim); err != nil {
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

// waitForOthers returns when all children of the transaction have built their share, and the parent has made room.
func (b *builder) waitForOthers() error {
	if err := b.send(&message{kind: kindBuilt}); err != nil {
		return errStopped
	}
	_, err := b.await(kindPublish)
	return err
}

// await returns a message of a kind. Any other message, or the end of file, means that the parent has given up.
func (b *builder) await(kind byte) (*message, error) {
	m, err := b.receive()
	if err == io.EOF || err == nil && m.kind != kind {
		return nil, errStopped
	}
	return m, err
}

// decision waits for the commit. A parent that died without sending it may have committed all the same, as the claim tells.
func (b *builder) decision() error {
	// After a read that failed, the parent may still be about to commit. Only its end makes that impossible.
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

// release returns the thread to the child's own namespace and closes the new ones, because a child that waits for the next
// plan must not keep them alive.
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

func (b *builder) index(name string) uint64 {
	return uint64(max(0, slices.IndexFunc(b.targets, func(t *Target) bool { return t.Name == name })))
}
