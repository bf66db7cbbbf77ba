//go:build linux

package persist

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// DeleteNames is [Store.Delete] for one name after the other, until one fails. It takes less time: the names of one
// transaction are links to one claim, whose lock is then taken once for many.
//
// It returns what the deleted names showed, a network namespace that is open for setns(2) or nil, and the error of the first
// name that could not be deleted, names[len(shown)], or the context's cause if that ended before it.
func (s *Store) DeleteNames(ctx context.Context, names []string, force bool) (shown []*os.File, err error) {
	b := &batch{store: s, force: force}
	defer b.release()
	for _, name := range names {
		if ctx.Err() != nil {
			return shown, context.Cause(ctx)
		}
		ns, err := b.delete(ctx, name)
		if err != nil {
			return shown, err
		}
		shown = append(shown, ns)
	}
	return shown, nil
}

// A batch is a DeleteNames. It keeps the claim of the name that was deleted last, with its lock, for the next one.
type batch struct {
	store *Store
	force bool
	claim *os.File // or nil
	stat  unix.Stat_t
	text  text      // of claim
	since time.Time // that it is locked
}

// delete deletes a name, and returns the network namespace that it showed, or nil.
func (b *batch) delete(ctx context.Context, name string) (ns *os.File, err error) {
	if err := CheckFileName(name); err != nil {
		return nil, err
	}
	h := b.member(name)
	if h == nil {
		b.release() // or hold would wait for our own lock
		if h, err = b.store.hold(ctx, name); err != nil {
			return nil, err
		}
		if b.claim, b.stat, b.since = h.file, h.stat, time.Now(); h.link || h.plain {
			defer b.release()
		}
	}
	if err = b.store.mayDelete(name, h, b.force); err == nil {
		err = b.store.removeHeld(ctx, name, h)
	}
	if err != nil || !h.mounted || !sys.IsNetwork(h.top) {
		h.top.Close()
		return nil, err
	}
	return h.top, nil
}

// member holds a name if a namespace is mounted on it and covers the claim that is locked already. It returns nil if it is
// anything else, or cannot be looked at. For why no more is compared than this, in this order, see peel.
func (b *batch) member(name string) *held {
	if b.claim == nil {
		return nil
	}
	if time.Since(b.since) > lockShare {
		b.release()
		time.Sleep(longestPause + time.Millisecond)
		return nil
	}
	top, _, mounted, err := b.store.openShown(name)
	if err != nil || top == nil {
		return nil
	}
	if mounted {
		mounted, err = b.store.covers(name, &b.stat)
	}
	if err != nil || !mounted {
		top.Close()
		return nil
	}
	if b.text == nil {
		b.text = wholeText(b.claim, b.stat.Size)
	}
	return &held{top: top, mounted: true, file: b.claim, state: Ready, stat: b.stat, text: b.text}
}

// lockShare is how long a claim is kept locked, if it has so many names. Then whoever waits for it has a turn: a pause
// longer than those of wait. It is well below patience.
const lockShare = time.Second

// release gives up the claim and its lock.
func (b *batch) release() {
	b.claim.Close() // also where there is none
	b.claim, b.text = nil, nil
}

// wholeText reads a claim, which is locked, so that nobody else writes into it, if it is not too long to be kept.
func wholeText(claim *os.File, size int64) text {
	const longest = 1 << 20
	data := make([]byte, min(size, longest))
	if n, err := claim.ReadAt(data, 0); err != nil || int64(n) < size {
		return io.NewSectionReader(claim, 0, size)
	}
	return bytes.NewReader(data)
}
