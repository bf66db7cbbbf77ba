//go:build linux

package netns_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// deaf returns the port of a listener inside that accepts nothing, and whose queue is full. The kernel drops what comes to it
// then, so a dial waits.
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

// Dials that wait hold no threads, and end with their contexts. So do look-ups.
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

// A look-up that waits holds no thread either.
func TestPendingLookups(t *testing.T) {
	world.Clean(t)
	const pending = 200
	release := make(chan struct{})
	ns, asked := nameServer(t, func([]byte) []byte { <-release; return []byte{127, 0, 0, 1} })
	before, open := threads(t), len(world.Files(t, "/proc/self/fd"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, pending)
	for i := range pending {
		go func() {
			_, err := ns.DialContext(ctx, "tcp4", fmt.Sprintf("host%d.example.:80", i))
			failed <- err
		}()
	}
	for range pending {
		<-asked
	}
	if meanwhile := threads(t); meanwhile > before+20 {
		t.Errorf("%d pending look-ups hold %d threads", pending, meanwhile-before)
	}
	cancel()
	for range pending {
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Fatalf("a look-up that was cancelled: %v", err)
		}
	}
	close(release) // package net still waits for the answers, for five seconds
	for deadline := time.Now().Add(5 * time.Second); len(world.Files(t, "/proc/self/fd")) > open && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// If the addresses of one family do not answer, those of the other are tried soon.
func TestHappyEyeballs(t *testing.T) {
	world.Clean(t)
	ns, _ := nameServer(t, func(query []byte) []byte {
		address := net.IPv4(127, 0, 0, 1).To4()
		if kind := query[len(query)-3]; kind == 28 { // AAAA
			address = net.IPv6loopback
		}
		return address
	})
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
	listener, err := ns.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := ns.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
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

// Every network that package net has.
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

// A zone is an interface of the namespace, and package net's cache of the caller's interfaces does not take it in.
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

// nameServer makes a namespace in which a name server answers to queries with an address, and returns each query.
func nameServer(t *testing.T, answer func(query []byte) []byte) (*netns.Namespace, <-chan []byte) {
	t.Helper()
	config, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddr("127.0.0.1") // where none is named
	if match := regexp.MustCompile(`(?m)^nameserver +(\S+)`).FindSubmatch(config); match != nil {
		address = netip.MustParseAddr(string(match[1]))
	}
	o := netns.Options{Addresses: []string{netip.PrefixFrom(address, address.BitLen()).String()}}
	if address.IsLoopback() {
		o.Addresses = nil
	}
	ns, err := netns.New(t.Context(), "x", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { errors.Join(ns.Delete(context.Background()), ns.Close()) })
	server, err := ns.ListenPacket(t.Context(), "udp", netip.AddrPortFrom(address, 53).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	asked := make(chan []byte, 1_000)
	go func() {
		for buffer := make([]byte, 1500); ; {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			query := slices.Clone(buffer[:n])
			asked <- query
			go func() { server.WriteTo(reply(query, answer), from) }()
		}
	}()
	return ns, asked
}

// reply returns a name server's message with one address.
func reply(query []byte, answer func(query []byte) []byte) []byte {
	end := 12 + bytes.IndexByte(query[12:], 0) + 5 // of the question: a name, its type and class
	query = query[:end]
	address := answer(query)
	message := slices.Clone(query)
	copy(message[2:], []byte{0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}) // one question, one answer, no error
	message = append(message, 0xc0, 12)                           // the same name
	message = append(message, query[end-4:end]...)                // type and class
	message = append(message, 0, 0, 0, 1, 0, byte(len(address)))  // for a second
	return append(message, address...)
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
