// Package cnicompat gives a network namespace the interface that the CNI project's Go packages and plugins want, ns.NetNS of
// github.com/containernetworking/plugins/pkg/ns. It is a module of its own, so that nobody else gets CNI's dependencies.
package cnicompat

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/containernetworking/plugins/pkg/ns"
	"github.com/netns-go/netns"
	"golang.org/x/sys/unix"
)

// NetNS returns the namespace as an ns.NetNS. Closing one closes the other, but leaves the name and its Path; to remove the
// name, as CNI's testutils.UnmountNS does, there are [netns.Namespace.Delete] before that and [netns.Delete].
//
// As CNI has it, Do calls its function with the namespace that its caller was in. Unlike CNI's, Do never leaves a thread in
// the wrong namespace, whatever fails: a thread that cannot go back ends.
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

// Set moves the calling thread, which should be locked, and not the process's main one.
func (n netNS) Set() error {
	err := unix.Setns(n.Namespace.Fd(), unix.CLONE_NEWNET)
	runtime.KeepAlive(n)
	return os.NewSyscallError("setns", err)
}

// current opens the namespace of the calling thread.
func current() (*netns.Namespace, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return netns.OpenPath(fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid()))
}
