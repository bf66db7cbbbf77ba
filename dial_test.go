//go:build linux

package netns_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// deaf returns the port of a listener inside that accepts nothing. Its queue is full, so the kernel drops requests, and a dial
// waits.
func deaf(t *testing.T, ns *netns.Namespace, domain int, address string, port int) int {
	t.Helper()
	var socket int
	err := ns.Do(t.Context(), func() (err error) {
		socket, err = unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(socket) })
	ip := netip.MustParseAddr(address)
	var bound unix.Sockaddr = &unix.SockaddrInet6{Addr: ip.As16(), Port: port}
	if ip.Is4() {
		bound = &unix.SockaddrInet4{Addr: ip.As4(), Port: port}
	}
	if err := errors.Join(unix.Bind(socket, bound), unix.Listen(socket, 0)); err != nil {
		t.Fatal(err)
	}
	if bound, err = unix.Getsockname(socket); err != nil {
		t.Fatal(err)
	}
	switch bound := bound.(type) {
	case *unix.SockaddrInet4:
		port = bound.Port
	case *unix.SockaddrInet6:
		port = bound.Port
	}
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		conn, err := ns.DialContext(ctx, "tcp", net.JoinHostPort(address, fmt.Sprint(port)))
		cancel()
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return port
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
}

// Waiting dials hold no threads, and end with their contexts.
func TestPendingDials(t *testing.T) {
	world.Clean(t)
	pending := 1_000
	if os.Getenv("NETNS_TEST_SOAK") != "" {
		pending = 10_000
	}
	moreDescriptors(t, pending+5_000)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	port := deaf(t, ns, unix.AF_INET, "127.0.0.1", 0)
	before := threads(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, pending)
	for range pending {
		go func() {
			_, err := ns.DialContext(ctx, "tcp", fmt.Sprint("127.0.0.1:", port))
			failed <- err
		}()
	}
	most := 0
	for deadline := time.Now().Add(60 * time.Second); waiting(t, ns) < pending; time.Sleep(10 * time.Millisecond) {
		most = max(most, threads(t))
		if time.Now().After(deadline) {
			t.Fatalf("of %d dials only %d are pending", pending, waiting(t, ns))
		}
	}
	meanwhile := threads(t)
	t.Logf("threads: %d before, %d at most, %d with %d dials pending", before, most, meanwhile, pending)
	if meanwhile > before+20 {
		t.Errorf("%d pending dials hold %d threads", pending, meanwhile-before)
	}
	start := time.Now()
	cancel()
	for range pending {
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Fatalf("a dial that was cancelled: %v", err)
		}
	}
	t.Logf("all have ended %v after their context", time.Since(start))
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("they ended %v after their context", took)
	}
}

// If the addresses of one family do not answer, DialContext soon tries the other family.
func TestHappyEyeballs(t *testing.T) {
	world.Clean(t)
	ns, _ := nameServer(t, configured(t), one(func(query []byte) []byte {
		address := net.IPv4(127, 0, 0, 1).To4()
		if kind := query[len(query)-3]; kind == 28 { // AAAA
			address = net.IPv6loopback
		}
		return address
	}))
	for what, way := range map[string]struct {
		deaf, answers string
		domain        int
	}{
		"4": {"127.0.0.1", "::1", unix.AF_INET}, "6": {"::1", "127.0.0.1", unix.AF_INET6},
	} {
		listener, err := ns.Listen(t.Context(), "tcp", net.JoinHostPort(way.answers, "0"))
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		port := listener.Addr().(*net.TCPAddr).Port
		deaf(t, ns, way.domain, way.deaf, port)
		start := time.Now()
		conn, err := ns.DialContext(t.Context(), "tcp", fmt.Sprint("both.example.:", port))
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("where IPv%s does not answer, connecting took %v", what, took)
		}
		conn.Close()
	}
}

// Sockets belong to the namespace, for addresses and for names, on every thread.
func TestDialAndListen(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	probe, err := ns.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	inside := cookie(t, probe.(syscall.Conn))
	outside, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	if cookie(t, outside.(syscall.Conn)) == inside {
		t.Fatal("the packet listener is outside")
	}
	for _, test := range []struct{ network, address string }{
		{"tcp", "127.0.0.1:80"}, {"tcp4", "localhost:80"}, {"tcp", "localhost:80"}, {"tcp6", "[::1]:80"}, {"tcp", ":80"},
		{"unix", "@abstract:80"}, // each network namespace has its own abstract names, unix(7)
	} {
		listener, err := ns.Listen(t.Context(), test.network, test.address)
		if err != nil {
			t.Errorf("%s %s: %v", test.network, test.address, err)
			continue
		}
		accepted := make(chan error)
		go func() {
			conn, err := listener.Accept()
			if err == nil {
				conn.Close()
			}
			accepted <- err
		}()
		conn, err := ns.DialContext(t.Context(), test.network, test.address)
		if err != nil {
			t.Fatalf("%s %s: %v", test.network, test.address, err)
		}
		if cookie(t, listener.(syscall.Conn)) != inside || cookie(t, conn.(syscall.Conn)) != inside {
			t.Errorf("%s %s: a socket is outside", test.network, test.address)
		}
		if err := errors.Join(<-accepted, conn.Close(), listener.Close()); err != nil {
			t.Error(err)
		}
	}
	// Here net.Dial tries two addresses.
	conn := connected(t, ns, ":0")
	if cookie(t, conn.(syscall.Conn)) != inside {
		t.Error("a socket is outside")
	}
	for _, bad := range []struct{ network, address string }{{"tcp", "127.0.0.1"}, {"nope", "x"}, {"tcp", "127.0.0.1:1"}, {"", ""}} {
		if conn, err := ns.DialContext(t.Context(), bad.network, bad.address); err == nil {
			t.Errorf("%q: connected to %v", bad, conn.RemoteAddr())
		}
	}
}

// An HTTP client works through the namespace.
func TestHTTP(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	listener, err := ns.Listen(t.Context(), "tcp", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "inside") })}
	go server.Serve(listener)
	defer server.Close()
	transport := &http.Transport{DialContext: ns.DialContext}
	defer transport.CloseIdleConnections()
	reply, err := (&http.Client{Transport: transport}).Get("http://localhost/")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if body, err := io.ReadAll(reply.Body); string(body) != "inside" {
		t.Errorf("%q, %v", body, err)
	}
}

// Errors and socket options are those of package net.
func TestDialIsNets(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	waits := deaf(t, ns, unix.AF_INET, "127.0.0.1", 0)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for what, test := range map[string]struct {
		ctx     context.Context
		port    int
		refused bool
	}{
		"refused": {t.Context(), 1, true}, "too late": {short, waits, false},
	} {
		_, err := ns.DialContext(test.ctx, "tcp", fmt.Sprint("127.0.0.1:", test.port))
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "dial" || op.Net != "tcp" || op.Addr.(*net.TCPAddr).Port != test.port {
			t.Errorf("%s: %#v", what, err)
		} else if errors.Is(err, unix.ECONNREFUSED) != test.refused || op.Timeout() == test.refused {
			t.Errorf("%s: %v", what, err)
		}
	}
	conn := connected(t, ns, "127.0.0.1:0")
	for what, option := range map[string][3]int{
		"TCP_NODELAY": {unix.IPPROTO_TCP, unix.TCP_NODELAY, 1}, "SO_KEEPALIVE": {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		"TCP_KEEPIDLE": {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
	} {
		if value := optionOf(t, conn, option[0], option[1]); value != option[2] {
			t.Errorf("%s is %d", what, value)
		}
	}
	for _, test := range []struct {
		network string
		only    int
	}{{"tcp", 0}, {"tcp6", 1}} {
		listener, err := ns.Listen(t.Context(), test.network, ":0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		if only := optionOf(t, listener, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY); only != test.only {
			t.Errorf("%s: IPV6_V6ONLY is %d", test.network, only)
		}
	}
}

func optionOf(t *testing.T, socket any, level, option int) (value int) {
	t.Helper()
	raw, err := socket.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	controlErr := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, option) })
	if err := errors.Join(err, controlErr); err != nil {
		t.Fatal(err)
	}
	return value
}

// All networks of package net work.
func TestDialNetworks(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	for _, test := range []struct{ network, address string }{
		{"tcp", "127.0.0.1:0"}, {"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}, {"unix", "@stream"}, {"unixpacket", "@packet"},
		{"unix", t.TempDir() + "/stream"},
	} {
		listener, err := ns.Listen(t.Context(), test.network, test.address)
		if err != nil {
			t.Fatalf("%s: %v", test.network, err)
		}
		defer listener.Close()
		conn, err := ns.DialContext(t.Context(), test.network, listener.Addr().String())
		if err != nil {
			t.Fatalf("%s: %v", test.network, err)
		}
		if cookie(t, conn.(syscall.Conn)) != cookie(t, listener.(syscall.Conn)) {
			t.Errorf("%s: a socket is outside", test.network)
		}
		conn.Close()
	}
	for _, test := range []struct{ network, address string }{
		{"udp", "127.0.0.1:0"}, {"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}, {"unixgram", "@datagram"},
		{"ip4:253", "127.0.0.1"}, {"ip6:253", "::1"},
	} {
		server, err := ns.ListenPacket(t.Context(), test.network, test.address)
		if err != nil {
			t.Fatalf("%s: %v", test.network, err)
		}
		defer server.Close()
		conn, err := ns.DialContext(t.Context(), test.network, server.LocalAddr().String())
		if err != nil {
			t.Fatalf("%s: %v", test.network, err)
		}
		if cookie(t, conn.(syscall.Conn)) != cookie(t, server.(syscall.Conn)) {
			t.Errorf("%s: a socket is outside", test.network)
		}
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Errorf("%s: %v", test.network, err)
		}
		conn.Close()
		server.SetReadDeadline(time.Now().Add(5 * time.Second))
		if n, _, err := server.ReadFrom(make([]byte, 10)); err != nil || n == 0 {
			t.Errorf("%s: read %d bytes, %v", test.network, n, err)
		}
	}
}

// A zone is an interface of the namespace, and does not get into package net's cache of the caller's interfaces.
func TestZones(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	handle, err := ns.Netlink()
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	for _, name := range []string{"unused", "inner"} { // outside, no interface has the number of the second
		if err := handle.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: name + "-peer"}); err != nil {
			t.Fatal(err)
		}
	}
	inner, err := handle.LinkByName("inner")
	if err != nil {
		t.Fatal(err)
	}
	address := &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP("fe80::1"), Mask: net.CIDRMask(64, 128)}, Flags: unix.IFA_F_NODAD}
	if err := errors.Join(handle.LinkSetUp(inner), handle.AddrAdd(inner, address)); err != nil {
		t.Fatal(err)
	}
	listener, err := ns.Listen(t.Context(), "tcp", "[fe80::1%inner]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, zone := range []string{"inner", fmt.Sprint(inner.Attrs().Index)} {
		conn, err := ns.DialContext(t.Context(), "tcp", "[fe80::1%"+zone+"]:"+port)
		if err != nil {
			t.Fatalf("zone %s: %v", zone, err)
		}
		if seen := conn.LocalAddr().(*net.TCPAddr).Zone; seen != fmt.Sprint(inner.Attrs().Index) {
			t.Errorf("outside, the zone is %q", seen)
		}
		conn.Close()
	}
	for _, zone := range []string{"outer", strings.Repeat("x", 20)} {
		if _, err := ns.DialContext(t.Context(), "tcp", "[fe80::1%"+zone+"]:"+port); err == nil || !strings.Contains(err.Error(), "zone "+zone) {
			t.Errorf("an unknown zone: %v", err)
		}
	}
}

func moreDescriptors(t *testing.T, n int) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if old.Cur >= uint64(n) {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(n), Max: max(old.Max, uint64(n))}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &old) })
}

// waiting returns how many connections of a namespace wait for an answer.
func waiting(t *testing.T, ns *netns.Namespace) (n int) {
	t.Helper()
	err := ns.Do(t.Context(), func() error {
		table, err := os.ReadFile("/proc/thread-self/net/tcp")
		for line := range strings.Lines(string(table)) {
			if strings.Fields(line)[3] == "02" { // SYN_SENT
				n++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// connected returns a connection to a listener on this address, both inside, until the test ends.
func connected(t *testing.T, ns *netns.Namespace, address string) net.Conn {
	t.Helper()
	listener, err := ns.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	conn, err := ns.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
