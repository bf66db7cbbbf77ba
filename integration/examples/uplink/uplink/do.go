package uplink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/netns-go/netns/stages"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Do makes the pair inside, where nothing else has its names, marks one end and moves it out. The kernel refuses the move if a link
// of that name exists outside. If the child is killed, the namespace ends with the end inside, and so does the end outside.
func (u uplink) Do(t *stages.Target) error {
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: u.Inside}, PeerName: u.Outside}
	if err := netlink.LinkAdd(veth); err != nil {
		return fmt.Errorf("add veth pair %s and %s: %w", u.Inside, u.Outside, err)
	}
	err := u.connect(veth, u.mark(t))
	if err != nil { // this removes the other end too, inside or outside
		err = errors.Join(err, netlink.LinkDel(veth))
	}
	return err
}

func (u uplink) connect(veth *netlink.Veth, mark string) error {
	peer, err := netlink.LinkByName(u.Outside)
	if err != nil {
		return fmt.Errorf("find %s: %w", u.Outside, err)
	}
	// Mark it before it is outside, so that Undo never finds it unmarked.
	if err := netlink.LinkSetAlias(peer, mark); err != nil {
		return fmt.Errorf("mark %s: %w", u.Outside, err)
	}
	if err := moveOut(peer); err != nil {
		return fmt.Errorf("move %s out: %w", u.Outside, err)
	}
	if err := outside(func() error { return setUp(u.Outside, u.Gateway) }); err != nil {
		return fmt.Errorf("outside: %w", err)
	}
	if err := setUp(u.Inside, u.Address); err != nil {
		return err
	}
	route := &netlink.Route{LinkIndex: veth.Index, Gw: u.Gateway.Addr().AsSlice()}
	if err := netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("add the default route via %v: %w", u.Gateway.Addr(), err)
	}
	return nil
}

// outside calls f on a thread that is not in the new namespace: only the locked thread on which Do runs is. So the sockets that
// f opens are outside; netlink opens one for each request.
func outside(f func() error) error {
	result := make(chan error)
	go func() { result <- f() }()
	return <-result
}

// moveOut moves a link from the new namespace to that of the other threads.
func moveOut(link netlink.Link) error {
	const path = "/proc/thread-self/ns/net" // /proc/self is the main thread, on which Do runs
	fd := -1
	err := outside(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return os.NewSyscallError("open "+path, err)
	})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return netlink.LinkSetNsFd(link, fd)
}

func setUp(name string, address netip.Prefix) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	addr := &netlink.Addr{IPNet: &net.IPNet{
		IP:   address.Addr().AsSlice(),
		Mask: net.CIDRMask(address.Bits(), address.Addr().BitLen()),
	}}
	if address.Addr().Is6() {
		addr.Flags = unix.IFA_F_NODAD // the link has two ends, and this program gives each its address
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("add %v to %s: %w", address, name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("set %s up: %w", name, err)
	}
	return nil
}
