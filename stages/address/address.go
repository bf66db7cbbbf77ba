//go:build linux

package address

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/stages"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func init() { stages.Register(stage, decode) }

type address struct {
	stages.Inside
	prefixes []netip.Prefix
}

func decode(args []byte) (stages.Stage, error) {
	var a address
	for _, arg := range strings.Split(string(args), "\x00") {
		prefix, err := netip.ParsePrefix(arg)
		reason := ""
		switch ip := prefix.Addr(); {
		case err != nil:
			reason = "it is not ADDRESS/LENGTH, as 10.1.2.3/32 or 2001:db8::1/128"
		case ip.Is4In6():
			reason = "an IPv4 address in IPv6 form cannot be assigned"
		case ip.IsUnspecified(), ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			reason = "it is not an address that an interface can have"
		}
		if reason != "" {
			return nil, &stages.ArgumentError{Stage: stage, Argument: arg, Reason: reason}
		}
		a.prefixes = append(a.prefixes, prefix)
	}
	return a, nil
}

func (a address) Do(*stages.Target) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open rtnetlink: %w", err)
	}
	defer h.Close()
	lo, err := h.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find lo: %w", err)
	}
	for _, prefix := range a.prefixes {
		if err := h.AddrReplace(lo, toAddr(prefix)); err != nil { // one that lo has already is fine
			err = fmt.Errorf("add %v to lo: %w", prefix, err)
			if errors.Is(err, unix.EACCES) { // as of IPv6 that is off (inet6_addr_add), and not of a capability
				return err
			}
			return persist.Needs(unix.CAP_NET_ADMIN, "adding an address", err)
		}
	}
	return nil
}

func toAddr(p netip.Prefix) *netlink.Addr {
	addr := &netlink.Addr{IPNet: &net.IPNet{
		IP:   p.Addr().AsSlice(),
		Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
	}}
	if p.Addr().Is4() {
		addr.Broadcast = net.IPv4zero // none, which on lo would mean nothing
	} else {
		addr.Flags = unix.IFA_F_NODAD // nobody else can have it here, so it is usable at once
	}
	return addr
}
