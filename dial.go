//go:build linux

package netns

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// DialContext connects to an address from inside the namespace, as net.Dialer.DialContext does; it can be the DialContext
// of an http.Transport. The connection can be used on any thread. While DialContext waits, it holds no thread. It needs
// CAP_SYS_ADMIN, or returns an error that holds a *[PrivilegeError].
//
// A host's name is resolved by the caller's /etc/hosts and /etc/resolv.conf, and the name servers in it are asked from inside
// the namespace. The caller's routes suggest the order of the host's addresses. If the host has addresses of both families,
// DialContext tries the second family too, after 300 ms, and the first connection wins (RFC 6555).
//
// An IPv6 zone in the address, a name or a number, is one of the namespace's interfaces. Package net shows the zone of a
// connection's addresses by the caller's interfaces, or as a number.
func (n *Namespace) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if err := n.ready(ctx); err != nil {
		return nil, err
	}
	if address, err = n.numberZone(network, address); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	dialer := net.Dialer{Control: n.exchange, Resolver: n.resolver()}
	err = n.orInside(network, func() (err error) {
		conn, err = dialer.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen listens on an address inside the namespace, as net.Listen does. The listener, and the connections that it accepts,
// can be used on any thread. What [Namespace.DialContext] says of names, zones and privilege is true here.
func (n *Namespace) Listen(ctx context.Context, network, address string) (listener net.Listener, err error) {
	config := net.ListenConfig{Control: n.exchange}
	err = n.tryEach(ctx, network, address, func(address string) (err error) {
		listener, err = config.Listen(ctx, network, address)
		return err
	})
	return listener, err
}

// ListenPacket is [Namespace.Listen] for the networks of net.ListenPacket.
func (n *Namespace) ListenPacket(ctx context.Context, network, address string) (conn net.PacketConn, err error) {
	config := net.ListenConfig{Control: n.exchange}
	err = n.tryEach(ctx, network, address, func(address string) error {
		return n.orInside(network, func() (err error) {
			conn, err = config.ListenPacket(ctx, network, address)
			return err
		})
	})
	return conn, err
}

// ready returns the context's cause if that has ended, or an error for a closed namespace.
func (n *Namespace) ready(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return checkOpen(n)
}

// tryEach calls listen with one address of the host after another until one will do. A net.ListenConfig would ask the name
// servers from outside.
func (n *Namespace) tryEach(ctx context.Context, network, address string, listen func(string) error) error {
	if err := n.ready(ctx); err != nil {
		return err
	}
	addresses, err := n.resolve(ctx, network, address)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if address, err = n.numberZone(network, address); err != nil {
			return &net.OpError{Op: "listen", Net: network, Err: err}
		}
		if err = listen(address); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// resolver returns Go's own resolver, whose sockets are the namespace's; the C library's makes its sockets itself.
func (n *Namespace) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: n.DialContext}
}

// resolve returns the addresses for a host's name; an address without a name stays as it is.
func (n *Namespace) resolve(ctx context.Context, network, address string) ([]string, error) {
	host, port, ok := hostOf(network, address)
	if _, err := netip.ParseAddr(host); err == nil || !ok || host == "" {
		return []string{address}, nil
	}
	network, _, _ = strings.Cut(network, ":") // ip4:icmp
	ips, err := n.resolver().LookupNetIP(ctx, "ip"+strings.TrimLeft(network, "tcpudi"), host)
	var addresses []string
	for _, ip := range ips {
		addresses = append(addresses, joined(ip.Unmap(), port))
	}
	return addresses, err
}

// hostOf returns the host and the port of an address, which is "" for a network without ports. It returns false if there is
// no host; package net will say what is wrong.
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
