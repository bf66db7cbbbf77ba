//go:build linux

package stages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// address gives lo further addresses. It speaks rtnetlink(7) itself, because the initialisation of a netlink library would
// slow down the start of every child.
type address struct {
	Inside
	prefixes []netip.Prefix
}

func decodeAddress(args []byte) (Stage, error) {
	var a address
	for _, arg := range split(args) {
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
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open rtnetlink: %w", os.NewSyscallError("socket", err))
	}
	defer unix.Close(socket)
	for _, prefix := range a.prefixes {
		if err := request(socket, newAddress(prefix)); err != nil {
			err = fmt.Errorf("add %v to lo: %w", prefix, err)
			if errors.Is(err, unix.EACCES) { // IPv6 is off (inet6_addr_add); no capability would help
				return err
			}
			return persist.Needs(unix.CAP_NET_ADMIN, "adding an address", err)
		}
	}
	return nil
}

// newAddress returns the request that gives lo an address, or changes nothing if lo has the address already.
func newAddress(p netip.Prefix) []byte {
	const lo = 1 // in every network namespace: LOOPBACK_IFINDEX, see loopback_net_init
	native, ip := binary.NativeEndian, p.Addr().AsSlice()
	family, flags := byte(unix.AF_INET), byte(0)
	if p.Addr().Is6() {
		// Without IFA_F_NODAD the kernel would first look for another owner of the address, and there is none on lo.
		family, flags = unix.AF_INET6, unix.IFA_F_NODAD
	}
	m := make([]byte, 4, 64) // struct nlmsghdr: its length comes last
	m = native.AppendUint16(m, unix.RTM_NEWADDR)
	m = native.AppendUint16(m, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	m = append(m, make([]byte, 8)...)               // sequence number and port
	m = append(m, family, byte(p.Bits()), flags, 0) // struct ifaddrmsg, with the scope RT_SCOPE_UNIVERSE
	m = native.AppendUint32(m, lo)
	for _, kind := range []uint16{unix.IFA_LOCAL, unix.IFA_ADDRESS} { // struct rtattr; they differ only with a peer
		m = native.AppendUint16(m, uint16(unix.SizeofRtAttr+len(ip)))
		m = append(native.AppendUint16(m, kind), ip...)
	}
	native.PutUint32(m, uint32(len(m)))
	return m
}

// request sends a request to rtnetlink. It returns the errno of a call that failed, or the one with which the kernel answers.
func request(socket int, message []byte) error {
	err := sys.Again(func() error { return unix.Sendto(socket, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) })
	if err != nil {
		return err
	}
	answer := make([]byte, 512)
	n, err := sys.AgainInt(func() (int, error) { return unix.Read(socket, answer) })
	if err != nil {
		return err
	}
	const errno = unix.SizeofNlMsghdr // struct nlmsgerr begins with it
	if n < errno+4 || binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return fmt.Errorf("rtnetlink answered with %d bytes that are not an acknowledgement", n)
	}
	if code := int32(binary.NativeEndian.Uint32(answer[errno:])); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}
