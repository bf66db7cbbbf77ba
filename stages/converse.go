//go:build linux

package stages

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// converse talks with the children until all are ready, and commits, or until one has failed.
func (t *transaction) converse(ctx context.Context) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	for built, ready := 0, 0; ; {
		w, m, err := t.receive()
		if err != nil {
			return err
		}
		switch name := w.names[m.target]; m.kind {
		case kindHello:
		case kindPassed:
			if t.plan.Progress != nil {
				t.plan.Progress(Event{name, m.stage, m.took})
			}
		case kindBuilt:
			if built++; built == len(t.workers) {
				if err := t.makeRoom(ctx); err != nil {
					return err
				}
				t.tell(kindPublish)
			}
		case kindFailed:
			w.undone = m.undone
			return failure(name, m)
		case kindReady:
			if t.hand && m.err.text == "" {
				if t.made, err = w.conn.takeFile(filepath.Join(t.dir, name)); err != nil {
					return err
				}
			}
			if ready++; ready == len(t.workers) {
				return t.commit(ctx, name, m)
			}
		default:
			return fmt.Errorf("the child sent %q", m.kind)
		}
	}
}

// begin tells the children what to build. While they build, it reserves the names and makes the claim.
func (t *transaction) begin(ctx context.Context) (err error) {
	if err := t.assign(); err != nil {
		return err
	}
	if t.store == nil {
		if err := t.reserve(ctx); err != nil {
			return err
		}
	}
	if t.claim, err = t.store.Claim(t.plan.Names); err != nil {
		return err
	}
	for _, w := range t.workers {
		w.expectHello()
		err := connError("tell the child", w.conn.send(&message{kind: kindClaim}, t.store.File(), t.claim.File()))
		if err != nil && err != errSilent { // a child that has ended may have sent the reason before, so that is read
			return err
		}
	}
	return nil
}

// assign tells each child its share of the plan.
func (t *transaction) assign() error {
	p, n := t.plan, len(t.workers)
	var files []*os.File
	if p.Source != nil {
		files = append(files, p.Source)
	}
	for i, w := range t.workers {
		from, to := len(p.Names)*i/n, len(p.Names)*(i+1)/n
		m := &message{
			kind: kindPlan, dir: t.dir, names: p.Names[from:to], steps: p.Steps, attach: p.Source != nil,
			keep: p.Keep, progress: p.Progress != nil, together: n > 1 || p.Replace, again: t.again, hand: t.hand,
		}
		if err := w.begin(m, files...); err != nil {
			t.broken = w
			return connError("tell the child", err)
		}
	}
	return nil
}

// receive returns the next message of any child.
func (t *transaction) receive() (*worker, *message, error) {
	w, err := t.next()
	if err != nil {
		return nil, nil, err
	}
	m, err := w.receive()
	if err != nil {
		t.broken = w
	}
	return w, m, err
}

// next returns a child that has sent something, or has ended.
func (t *transaction) next() (*worker, error) {
	if len(t.workers) == 1 {
		return t.workers[0], nil
	}
	fds := make([]unix.PollFd, len(t.workers))
	for i, w := range t.workers {
		if w.conn.reader.Buffered() > 0 {
			return w, nil
		}
		fds[i] = unix.PollFd{Fd: int32(w.conn.file.Fd()), Events: unix.POLLIN}
	}
	if _, err := sys.AgainInt(func() (int, error) { return unix.Poll(fds, -1) }); err != nil {
		return nil, os.NewSyscallError("poll", err)
	}
	return t.workers[slices.IndexFunc(fds, func(fd unix.PollFd) bool { return fd.Revents != 0 })], nil
}

// tell sends a message to all children. It ignores the error for a dead child, which receive will return.
func (t *transaction) tell(kind byte) {
	for _, w := range t.workers {
		_ = w.conn.send(&message{kind: kind})
	}
}

// commit writes the decision into the claim. From then on the namespaces stay, whichever process dies.
func (t *transaction) commit(ctx context.Context, name string, m *message) error {
	if !t.unwatch() { // the context has ended, and stop has told the children to roll back
		return context.Cause(ctx)
	}
	var err, kept error
	if m.err.text == "" {
		err = t.claim.Done()
	} else {
		k := &KeptError{Complete: t.plan.Names[:m.complete], Err: failure(name, m)}
		if m.kept {
			k.Kept = name
		}
		err, kept = t.claim.Keep(k.Kept, m.stage), k
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	t.committed = true
	t.tell(kindCommit)
	return kept
}

// failure is the error that the child reported.
func failure(name string, m *message) error {
	if m.stage == "" {
		return &m.err
	}
	return &Error{name, m.stage, &m.err}
}
