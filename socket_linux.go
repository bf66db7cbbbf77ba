package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/netns-go/netns/internal/thread"
	"golang.org/x/sys/unix"
)

// exchange replaces a socket that package net has just made by a socket of the namespace. It is the Control of a net.Dialer or a
// net.ListenConfig: the socket is neither bound nor connected yet, and the runtime's poller does not know it.
//
// Package net does the rest outside, as for any socket, and waits in the poller. Its code never runs inside, because its cache
// of interface names would take the namespace's interfaces for the caller's.
func (n *Namespace) exchange(network, address string, c syscall.RawConn) (err error) {
	controlErr := c.Control(func(fd uintptr) { err = n.replace(int(fd)) })
	if controlErr != nil {
		return controlErr
	}
	return err
}

// makers bounds how many threads make sockets at once, because the runtime keeps every thread that it has started.
var makers = make(chan struct{}, 8)

// replace gives a descriptor a socket of the namespace in place of its own, of the same kind.
func (n *Namespace) replace(outside int) error {
	var kind [3]int // domain, type and protocol
	for i, option := range []int{unix.SO_DOMAIN, unix.SO_TYPE, unix.SO_PROTOCOL} {
		value, err := unix.GetsockoptInt(outside, unix.SOL_SOCKET, option)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		kind[i] = value
	}
	inside := -1
	makers <- struct{}{}
	err := thread.Visit(n.thread(), func() (err error) {
		inside, err = unix.Socket(kind[0], kind[1]|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, kind[2])
		return os.NewSyscallError("socket", err)
	})
	<-makers
	if err != nil {
		return err
	}
	defer unix.Close(inside)
	if err := copyOptions(outside, inside, kind[0]); err != nil {
		return err
	}
	return os.NewSyscallError("dup3", unix.Dup3(inside, outside, unix.O_CLOEXEC))
}

// copyOptions copies the options that package net sets before it calls Control (setDefaultSockopts and its siblings).
func copyOptions(from, to, domain int) error {
	options := [][2]int{{unix.SOL_SOCKET, unix.SO_REUSEADDR}, {unix.SOL_SOCKET, unix.SO_BROADCAST}}
	if domain == unix.AF_INET6 {
		options = append(options, [2]int{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY})
	}
	for _, o := range options {
		want, err := unix.GetsockoptInt(from, o[0], o[1])
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		if has, err := unix.GetsockoptInt(to, o[0], o[1]); err == nil && has == want {
			continue // for some sockets the kernel fixes it
		}
		if err := unix.SetsockoptInt(to, o[0], o[1], want); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}

// orInside calls open. If the kernel refuses a raw socket, orInside calls open again, inside. A raw socket needs CAP_NET_RAW
// over the namespace in which it is made, and the root of a user namespace may have that inside only.
func (n *Namespace) orInside(network string, open func() error) error {
	err := open()
	if strings.HasPrefix(network, "ip") && errors.Is(err, unix.EPERM) {
		return thread.Visit(n.thread(), open)
	}
	return err
}

// numberZone replaces the name of an address's zone by the number of that interface of the namespace. Package net would look for the
// name among the caller's interfaces.
func (n *Namespace) numberZone(network, address string) (string, error) {
	host, port, _ := hostOf(network, address)
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() == "" {
		return address, nil
	}
	index, err := n.interfaceIndex(ip.Zone())
	if _, notNumber := strconv.ParseUint(ip.Zone(), 10, 32); notNumber == nil && errors.Is(err, unix.ENODEV) {
		return address, nil
	}
	if err != nil {
		return "", fmt.Errorf("zone %s: %w", ip.Zone(), err)
	}
	return joined(ip.WithZone(strconv.Itoa(index)), port), nil
}

// interfaceIndex returns the number of one of the namespace's interfaces.
func (n *Namespace) interfaceIndex(name string) (index int, err error) {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	err = thread.Visit(n.thread(), func() error {
		socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("socket", err)
		}
		defer unix.Close(socket)
		return os.NewSyscallError("ioctl SIOCGIFINDEX", unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, request))
	})
	return int(request.Uint32()), err
}

// hostOf returns the host and the port of an address; the port is "" for a network without ports. It returns false if the address
// has no host, and package net then reports the error.
func hostOf(network, address string) (host, port string, ok bool) {
	network, _, _ = strings.Cut(network, ":")
	switch strings.TrimRight(network, "46") {
	case "tcp", "udp":
		host, port, err := net.SplitHostPort(address)
		return host, port, err == nil
	case "ip":
		return address, "", true
	}
	return "", "", false
}

// joined is the reverse of hostOf.
func joined(host netip.Addr, port string) string {
	if port == "" {
		return host.String()
	}
	return net.JoinHostPort(host.String(), port)
}
