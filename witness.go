//go:build linux

package netns

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync"

	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A Witness tells when network namespaces have ended: nothing holds them any more, and the kernel has taken them down,
// moved their physical links back and destroyed the others.
//
// The kernel tells a namespace that has an id for another one when it begins to take that down (unhash_nsid in
// net/core/net_namespace.c). So a Witness is a namespace of its own, which has ids for the watched ones. It is kept by the
// sockets in it, and no thread stays there. Its methods may be called from many goroutines at once.
type Witness struct {
	mu     sync.Mutex // of what follows
	ids    *netlink.Handle
	notice *nl.NetlinkSocket
	all    []*Namespace   // the watched ones
	inodes []uint64       // of the namespaces, by the witness's ids of them
	lives  map[uint64]int // those ids by inode, of the namespaces that are not known to have ended
}

// NewWitness watches some namespaces, which must be open meanwhile and may be closed afterwards; one that is open lives. It
// takes CAP_SYS_ADMIN and CAP_NET_ADMIN, else it returns a *[PrivilegeError].
func NewWitness(namespaces ...*Namespace) (*Witness, error) {
	if err := checkOpen(namespaces...); err != nil {
		return nil, err
	}
	w := &Witness{all: namespaces, lives: map[uint64]int{}}
	err := inNew(func() error { return w.open(namespaces) })
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// inNew runs f, which changes nothing of its thread, in a new network namespace. That ends then, unless f makes something
// that keeps it.
func inNew(f func() error) error {
	return travel(func(t *traveller) error {
		if err := t.unshare(); err != nil {
			return err
		}
		return f()
	}).deliver()
}

// open makes the witness of the calling thread's namespace.
func (w *Witness) open(namespaces []*Namespace) (err error) {
	if w.ids, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	for _, ns := range namespaces {
		if _, known := w.lives[ns.id]; known { // it has several names
			continue
		}
		if err := w.add(ns.id, ns.Fd()); err != nil {
			return fmt.Errorf("%s: %w", ns.path, err)
		}
	}
	if w.notice, err = nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_NSID); err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	// Room for the notices, should all end before they are read; more than the system's limit takes privilege.
	room := 64<<10 + 2048*len(namespaces)
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

// ended takes note that a namespace has ended, by the witness's id of it.
func (w *Witness) ended(id int) {
	if id < len(w.inodes) && w.lives[w.inodes[id]] == id {
		delete(w.lives, w.inodes[id])
	}
}

// Close ends the watch.
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

// Wait waits until each of these namespaces, which are watched, has ended; without any, each of the watched ones. If the
// context ends first it returns those that live on, and the context's cause. It may be called again.
func (w *Witness) Wait(ctx context.Context, namespaces ...*Namespace) (left []*Namespace, err error) {
	if len(namespaces) == 0 {
		namespaces = w.all
	}
	for _, ns := range namespaces {
		for err == nil && w.watches(ns.id) {
			err = w.receive(ctx)
		}
	}
	if err == nil {
		return nil, w.finish(ctx)
	}
	for _, ns := range namespaces {
		if w.watches(ns.id) {
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

// finish waits until the kernel is done with the namespaces that it has begun to take down. It takes down all that there
// are at once, then the next ones: when it begins with one that came later, those before it are done.
func (w *Witness) finish(ctx context.Context) error {
	const later = 0 // no namespace has this inode
	err := inNew(func() error {
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

// receive reads what there is of notices, or returns the context's cause if there is none and it has ended.
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
