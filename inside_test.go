//go:build linux

package netns_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// cookie is the kernel's own number of the namespace that a socket belongs to.
func cookie(t *testing.T, socket syscall.Conn) uint64 {
	t.Helper()
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var id uint64
	controlErr := raw.Control(func(fd uintptr) {
		id, err = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	})
	if err := errors.Join(err, controlErr); err != nil {
		t.Fatal(err)
	}
	return id
}

// A command is inside, with input and output as ever.
func TestStart(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "readlink /proc/self/ns/net; cat")
	var stdout bytes.Buffer
	cmd.Stdin, cmd.Stdout = strings.NewReader("input"), &stdout
	if err := ns.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if want := fmt.Sprintf("net:[%d]\ninput", ns.ID()); stdout.String() != want {
		t.Errorf("got %q, want %q", &stdout, want)
	}
	if err := ns.Start(exec.Command("/run/nope")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such command: %v", err)
	}
	signalled := exec.Command("true")
	signalled.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := ns.Start(signalled); err == nil || signalled.Process != nil {
		t.Errorf("a death signal: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(unix.EIO)
	if err := ns.Do(ctx, func() error { t.Error("called"); return nil }); err != unix.EIO {
		t.Errorf("a context that has ended: %v", err)
	}
}

// Sockets belong to the namespace, whatever thread uses them, and whether an address or a name was given.
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
		{"unix", "@abstract:80"}, // whose names are a namespace's own, unix(7)
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
	// Where net.Dial has two addresses to try.
	listener, err := ns.Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := ns.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if cookie(t, conn.(syscall.Conn)) != inside {
		t.Error("a socket is outside")
	}
	for _, bad := range []struct{ network, address string }{{"tcp", "127.0.0.1"}, {"nope", "x"}, {"tcp", "127.0.0.1:1"}, {"", ""}} {
		if conn, err := ns.DialContext(t.Context(), bad.network, bad.address); err == nil {
			t.Errorf("%q: connected to %v", bad, conn.RemoteAddr())
		}
	}
}

// A name that /etc/hosts has not is asked for inside: the resolver's sockets are the namespace's, too.
func TestResolveInside(t *testing.T) {
	world.Clean(t)
	config, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	nameServer := netip.MustParseAddr("127.0.0.1") // where none is named
	if match := regexp.MustCompile(`(?m)^nameserver +(\S+)`).FindSubmatch(config); match != nil {
		nameServer = netip.MustParseAddr(string(match[1]))
	}
	o := netns.Options{Addresses: []string{netip.PrefixFrom(nameServer, nameServer.BitLen()).String()}}
	if nameServer.IsLoopback() {
		o.Addresses = nil
	}
	ns, err := netns.New(t.Context(), "x", o)
	if err != nil {
		t.Fatal(err)
	}
	defer remove(t, ns, "x")
	server, err := ns.ListenPacket(t.Context(), "udp", netip.AddrPortFrom(nameServer, 53).String())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	asked := make(chan []byte, 10)
	go func() {
		for buffer := make([]byte, 1500); ; {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			asked <- bytes.Clone(buffer[:n])
			answer := append(bytes.Clone(buffer[:n]), 0) // "no such name", without more
			answer[2], answer[3] = 0x81, 0x83
			server.WriteTo(answer[:n], from)
		}
	}()
	var dns *net.DNSError
	if _, err := ns.DialContext(t.Context(), "tcp4", "somewhere.example.:80"); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("got %v", err)
	}
	select {
	case query := <-asked:
		if !bytes.Contains(query, []byte("\x09somewhere\x07example\x00")) {
			t.Errorf("asked %q", query)
		}
	default:
		t.Error("the name server inside was not asked")
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
