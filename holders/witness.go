//go:build linux

package holders

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/thread"
	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A Witness waits until network namespaces have ended: nothing holds them, and the kernel has taken them down, moved their
// physical links back and destroyed the others. Its methods may be called from many goroutines at once.
//
// When the kernel begins to take a namespace down, it notifies the namespaces that have an id for it (unhash_nsid in
// net/core/net_namespace.c). So a Witness is a namespace of its own, with ids for the watched ones. The sockets in it keep it; no
// thread stays there.
type Witness struct {
	mu     sync.Mutex // of the other fields
	ids    *netlink.Handle
	notice *nl.NetlinkSocket
	all    []*netns.Namespace // the watched ones
	inodes []uint64           // the inodes of the namespaces, by the ids that the witness has for them
	lives  map[uint64]int     // the ids by inode, without the namespaces that have ended
}

// NewWitness watches the given namespaces, which are open. Close them before Wait, because an open namespace does not end.
// NewWitness needs CAP_SYS_ADMIN and CAP_NET_ADMIN, or returns a *[netns.PrivilegeError].
func NewWitness(namespaces ...*netns.Namespace) (*Witness, error) {
	if err := checkOpen(namespaces); err != nil {
		return nil, err
	}
	w := &Witness{all: namespaces, lives: map[uint64]int{}}
	if err := thread.InNew(w.open); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// open makes the witness of the calling thread's namespace.
func (w *Witness) open() (err error) {
	if w.ids, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	for _, ns := range w.all {
		if _, known := w.lives[ns.ID()]; known { // it has several names
			continue
		}
		if err := thread.Hold(open(ns), func(fd int) error { return w.add(ns.ID(), fd) }); err != nil {
			return fmt.Errorf("%s: %w", ns.Path(), err)
		}
	}
	if w.notice, err = nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_NSID); err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	// Room for the notices if all namespaces end before one is read. More than the system's limit takes privilege.
	room := 64<<10 + 2048*len(w.all)
	if w.notice.SetReceiveBufferSize(room, true) != nil {
		err = w.notice.SetReceiveBufferSize(room, false)
	}
	return os.NewSyscallError("setsockopt", err)
}

// add gives an open namespace an id in the witness.
func (w *Witness) add(inode uint64, fd int) error {
	if err := w.ids.SetNetNsIdByFd(fd, len(w.inodes)); err != nil {
		return persist.Needs(unix.CAP_NET_ADMIN, "watching a network namespace", fmt.Errorf("assign nsid: %w", err))
	}
	w.lives[inode] = len(w.inodes)
	w.inodes = append(w.inodes, inode)
	return nil
}

// ended records that a namespace has ended, by the id that the witness has for it.
func (w *Witness) ended(id int) {
	if id < len(w.inodes) && w.lives[w.inodes[id]] == id {
		delete(w.lives, w.inodes[id])
	}
}

// Close ends the watch. It may be called again.
func (w *Witness) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ids != nil {
		w.ids.Close()
	}
	if w.notice != nil {
		w.notice.Close()
	}
}

// Wait waits until each of these watched namespaces has ended, or without namespaces, until all watched ones have. If the context
// ends first, Wait returns the namespaces that still live, and the context's cause. It may be called again.
func (w *Witness) Wait(ctx context.Context, namespaces ...*netns.Namespace) (left []*netns.Namespace, err error) {
	if len(namespaces) == 0 {
		namespaces = w.all
	}
	for _, ns := range namespaces {
		for err == nil && w.watches(ns.ID()) {
			err = w.receive(ctx)
		}
	}
	if err == nil {
		return nil, w.finish(ctx)
	}
	for _, ns := range namespaces {
		if w.watches(ns.ID()) {
			left = append(left, ns)
		}
	}
	return left, err
}

func (w *Witness) watches(inode uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, lives := w.lives[inode]
	return lives
}

// finish waits until the kernel has taken down the namespaces that have ended. The kernel takes namespaces down in batches, one
// batch after another. So when it begins with a namespace that ended later, it has finished the batches before.
func (w *Witness) finish(ctx context.Context) error {
	const later = 0 // no namespace has this inode
	err := thread.InNew(func() error {
		own, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			return err
		}
		defer own.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.add(later, int(own.Fd()))
	})
	for err == nil && w.watches(later) {
		err = w.receive(ctx)
	}
	return err
}

// receive reads notices. If none comes within 20 ms, it returns the context's cause, or nil if the context has not ended.
func (w *Witness) receive(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notice.SetReceiveTimeout(&unix.Timeval{Usec: 20_000})
	messages, _, err := w.notice.Receive()
	if err == unix.EAGAIN || err == unix.EINTR {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	for _, m := range messages {
		header := nl.NewRtGenMsg().Len()
		if m.Header.Type != unix.RTM_DELNSID || len(m.Data) < header {
			continue
		}
		attributes, err := nl.ParseRouteAttr(m.Data[header:])
		if err != nil {
			return fmt.Errorf("netlink message: %w", err)
		}
		for _, a := range attributes {
			if a.Attr.Type == netlink.NETNSA_NSID && len(a.Value) == 4 {
				w.ended(int(binary.NativeEndian.Uint32(a.Value)))
			}
		}
	}
	return nil
}
