package netns

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/netns-go/netns/internal/thread"
)

// DialContext connects to an address from inside the namespace, as net.Dialer.DialContext does; it can be the DialContext of an
// http.Transport. Any thread can use the connection. DialContext holds no thread while it waits. It needs CAP_SYS_ADMIN, or
// returns an error that holds a *[PrivilegeError].
//
// DialContext resolves a host's name with [Namespace.Resolver]. It orders the host's addresses by the caller's routes, not by
// those of the namespace. If the host has addresses of both families, DialContext tries the second family too, after 300 ms, and
// uses the first connection (RFC 6555).
//
// An IPv6 zone in the address, a name or a number, is an interface of the namespace. In the addresses of a connection, package
// net prints the zone as the name of one of the caller's interfaces, or as a number.
func (n *Namespace) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if err := n.ready(ctx); err != nil {
		return nil, err
	}
	if address, err = n.numberZone(network, address); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	dialer := net.Dialer{Control: n.exchange, Resolver: n.Resolver()}
	err = n.orInside(network, func() (err error) {
		conn, err = dialer.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen listens on an address inside the namespace, as net.Listen does. Any thread can use the listener and the connections
// that it accepts. Names, zones and privilege are as for [Namespace.DialContext].
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
	return thread.CheckOpen(n.thread())
}

// tryEach calls listen with one address of the host after another until one succeeds. A net.ListenConfig would ask the name
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

// Resolver returns a resolver that asks name servers from inside the namespace. Each server is an IP address, or HOST:PORT; the
// resolver asks them in turn. Without servers, it asks those of the caller's /etc/resolv.conf. The other settings of that file,
// and the caller's /etc/hosts, always apply.
//
// It is Go's own resolver, because that of the C library makes its sockets itself.
func (n *Namespace) Resolver(servers ...string) *net.Resolver {
	var asked atomic.Uint32
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, server string) (net.Conn, error) {
		if len(servers) > 0 {
			server = servers[int(asked.Add(1)-1)%len(servers)]
		}
		if _, err := netip.ParseAddr(server); err == nil {
			server = net.JoinHostPort(server, "53")
		}
		return n.DialContext(ctx, network, server)
	}}
}

// resolve returns the addresses of a host. An address without a host's name stays as it is.
func (n *Namespace) resolve(ctx context.Context, network, address string) ([]string, error) {
	host, port, ok := hostOf(network, address)
	if _, err := netip.ParseAddr(host); err == nil || !ok || host == "" {
		return []string{address}, nil
	}
	network, _, _ = strings.Cut(network, ":") // ip4:icmp
	ips, err := n.Resolver().LookupNetIP(ctx, "ip"+strings.TrimLeft(network, "tcpudi"), host)
	var addresses []string
	for _, ip := range ips {
		addresses = append(addresses, joined(ip.Unmap(), port))
	}
	return addresses, err
}
