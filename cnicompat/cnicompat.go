// Package cnicompat gives a network namespace the interface of the CNI project's Go packages and plugins, ns.NetNS of
// github.com/containernetworking/plugins/pkg/ns. It is a separate module, so that only programs that use it get CNI's
// dependencies.
package cnicompat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/containernetworking/plugins/pkg/ns"
	"github.com/netns-go/netns"
	"golang.org/x/sys/unix"
)

// NetNS returns the namespace as an ns.NetNS. Closing either closes the other, and leaves the name. To remove the name, as CNI's
// testutils.UnmountNS does, call [netns.Namespace.Delete] before Close, or [netns.DeleteAt].
//
// As in CNI, Do calls its function with the namespace in which Do's caller is. Unlike CNI's Do, it never leaves a thread in the
// wrong namespace: a thread that cannot go back ends.
func NetNS(n *netns.Namespace) ns.NetNS { return netNS{n} }

type netNS struct{ *netns.Namespace }

func (n netNS) Fd() uintptr { return uintptr(n.Namespace.Fd()) }

func (n netNS) Do(f func(ns.NetNS) error) error {
	caller, err := current()
	if err != nil {
		return err
	}
	defer caller.Close()
	return n.Namespace.Do(context.Background(), func() error { return f(netNS{caller}) })
}

// Set moves the calling thread, which should be locked and not be the process's main thread.
func (n netNS) Set() error {
	conn, err := n.SyscallConn()
	if err != nil {
		return err
	}
	closed := conn.Control(func(fd uintptr) {
		err = os.NewSyscallError("setns", unix.Setns(int(fd), unix.CLONE_NEWNET))
	})
	return errors.Join(closed, err)
}

// current opens the namespace of the calling thread.
func current() (*netns.Namespace, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return netns.OpenPath(fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid()))
}
