// Package thread lends threads that are inside a network namespace. It holds what package netns and package holders share.
package thread

import (
	"strconv"
	"syscall"
)

// A Namespace is an open network namespace: that of a *netns.Namespace. It is no interface. If a *netns.Namespace became one, the
// linker would keep all its methods and those of netlink.Handle, a megabyte, in a program that uses text/template.
type Namespace struct {
	Path        string
	ID          uint64
	SyscallConn func() (syscall.RawConn, error)
}

// Link returns what the links of /proc to a network namespace read, by the namespace's inode number.
func Link(inode uint64) string { return "net:[" + strconv.FormatUint(inode, 10) + "]" }
