//go:build linux

package netns

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"
)

// DialContext connects to an address from inside the namespace, as net.Dialer.DialContext does; it can be the DialContext
// of an http.Transport. The connection can be used on any thread. It needs CAP_SYS_ADMIN, or returns a *[PrivilegeError].
//
// A host's name is resolved by the caller's /etc/hosts and /etc/resolv.conf, and the name servers in it are asked from inside
// the namespace. Its addresses are tried one after another, in the order that the caller's routes suggest. Give an IPv6 zone as a number: package net keeps the interfaces'
// names for a while, whichever namespace they were seen in.
func (n *Namespace) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{FallbackDelay: -1} // or it would dial 0.0.0.0 and :: on goroutines of its own, which are outside
	return tryEach(ctx, n, network, address, func(ctx context.Context, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	})
}

// Listen listens on an address inside the namespace, as net.Listen does. The listener, and the connections that it accepts,
// can be used on any thread. It needs CAP_SYS_ADMIN, or returns a *[PrivilegeError].
func (n *Namespace) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return tryEach(ctx, n, network, address, func(ctx context.Context, address string) (net.Listener, error) {
		return new(net.ListenConfig).Listen(ctx, network, address)
	})
}

// ListenPacket is [Namespace.Listen] for the networks of net.ListenPacket.
func (n *Namespace) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	return tryEach(ctx, n, network, address, func(ctx context.Context, address string) (net.PacketConn, error) {
		return new(net.ListenConfig).ListenPacket(ctx, network, address)
	})
}

// tryEach calls open inside the namespace, with one address of the host after another until one will do. Package net looks
// names up, and dials several addresses, on goroutines of its own, which would be outside.
func tryEach[T any](
	ctx context.Context, n *Namespace, network, address string, open func(context.Context, string) (T, error),
) (result T, err error) {
	addresses, err := n.resolve(ctx, network, address)
	if err != nil {
		return result, err
	}
	for i, address := range addresses {
		err = n.Do(ctx, func() (err error) {
			part, cancel := partOf(ctx, len(addresses)-i)
			defer cancel()
			result, err = open(part, address)
			return err
		})
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return result, err
}

// partOf returns a context with the first of so many equal shares of the time that one has.
func partOf(ctx context.Context, shares int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(shares))
}

// resolve returns the addresses for a host's name; what has none stays as it is.
func (n *Namespace) resolve(ctx context.Context, network, address string) ([]string, error) {
	network, _, _ = strings.Cut(network, ":") // ip4:icmp
	host, port := address, ""
	switch strings.TrimRight(network, "46") {
	case "tcp", "udp":
		var err error
		if host, port, err = net.SplitHostPort(address); err != nil {
			return []string{address}, nil // package net will say what is wrong
		}
	case "ip":
	default:
		return []string{address}, nil
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return []string{address}, nil
	}
	// Go's own resolver, whose Dial is called for addresses only; the C library's makes its sockets itself.
	resolver := net.Resolver{PreferGo: true, Dial: n.DialContext}
	ips, err := resolver.LookupNetIP(ctx, "ip"+strings.TrimLeft(network, "tcpudi"), host)
	var addresses []string
	for _, ip := range ips {
		address := ip.Unmap().String()
		if port != "" {
			address = net.JoinHostPort(address, port)
		}
		addresses = append(addresses, address)
	}
	return addresses, err
}
