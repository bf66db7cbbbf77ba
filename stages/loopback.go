package stages

import (
	"fmt"

	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const loopbackStage = "loopback"

// Loopback returns the step that brings lo up. The kernel gives it 127.0.0.1/8 then and, where IPv6 is on, ::1/128.
func Loopback() Step { return Step{Stage: loopbackStage} }

type loopback struct{ Inside }

func decodeLoopback([]byte) (Stage, error) { return loopback{}, nil }

func (loopback) Do(*Target) error {
	return onLoopback(func(h *netlink.Handle, lo netlink.Link) error {
		err := h.LinkSetUp(lo)
		if err != nil {
			err = fmt.Errorf("set lo up: %w", err)
		}
		return persist.Needs(unix.CAP_NET_ADMIN, "bringing lo up", err)
	})
}

// onLoopback calls f with the lo of the thread's namespace and a connection to it.
func onLoopback(f func(*netlink.Handle, netlink.Link) error) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open rtnetlink: %w", err)
	}
	defer h.Close()
	lo, err := h.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find lo: %w", err)
	}
	return f(h, lo)
}
