//go:build linux

package netns

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Netlink returns a connection to the rtnetlink of the namespace, for its links, addresses and routes, which can be used
// on any thread and has to be closed. It needs CAP_SYS_ADMIN to enter the namespace, or returns a *[PrivilegeError].
func (n *Namespace) Netlink() (h *netlink.Handle, err error) {
	err = n.visit(func() error {
		h, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return fmt.Errorf("%s: open rtnetlink: %w", n.path, err)
		}
		return nil
	})
	return h, err
}
