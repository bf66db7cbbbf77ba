package stages

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const addressStage = "address"

// Address returns the step that gives lo further addresses, each with a prefix length: 10.1.2.3/32, 2001:db8::1/128.
func Address(addresses ...string) Step {
	return Step{addressStage, []byte(strings.Join(addresses, "\x00"))}
}

type address struct {
	Inside
	prefixes []netip.Prefix
}

func decodeAddress(args []byte) (Stage, error) {
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
			return nil, &ArgumentError{addressStage, arg, reason}
		}
		a.prefixes = append(a.prefixes, prefix)
	}
	return a, nil
}

func (a address) Do(*Target) error {
	return onLoopback(func(h *netlink.Handle, lo netlink.Link) error {
		for _, prefix := range a.prefixes {
			if err := h.AddrReplace(lo, toAddr(prefix)); err != nil { // one that lo has already is fine
				err = fmt.Errorf("add %v to lo: %w", prefix, err)
				return persist.Needs(unix.CAP_NET_ADMIN, "adding an address", err)
			}
		}
		return nil
	})
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
