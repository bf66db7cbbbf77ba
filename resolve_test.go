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
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// If /etc/hosts does not have a name, the resolver asks for it inside, because its sockets are the namespace's.
func TestResolveInside(t *testing.T) {
	world.Clean(t)
	ns, asked := nameServer(t, configured(t), noSuchName)
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

// Resolver asks the given servers, one after another, and not those of the caller.
func TestResolver(t *testing.T) {
	world.Clean(t)
	server := netip.MustParseAddr("127.9.9.9")
	want := net.IPv4(10, 1, 2, 3).To4()
	ns, asked := nameServer(t, server, one(func([]byte) []byte { return want }))
	for _, servers := range [][]string{{"127.9.9.9"}, {"127.9.9.9:53"}, {"127.9.9.8", "127.9.9.9"}} { // the first of two does not listen
		got, err := ns.Resolver(servers...).LookupNetIP(t.Context(), "ip4", "somewhere.example.")
		if err != nil || len(got) != 1 || got[0].String() != "10.1.2.3" {
			t.Errorf("%q: %v, %v", servers, got, err)
		}
		if query := <-asked; !bytes.Contains(query, []byte("\x09somewhere\x07example\x00")) {
			t.Errorf("%q: asked %q", servers, query)
		}
	}
	if got, err := ns.Resolver("no server").LookupNetIP(t.Context(), "ip4", "somewhere.example."); err == nil {
		t.Errorf("without a server: %v", got)
	}
}

// Waiting look-ups hold no threads.
func TestPendingLookups(t *testing.T) {
	world.Clean(t)
	const pending = 200
	release := make(chan struct{})
	ns, asked := nameServer(t, configured(t), one(func([]byte) []byte { <-release; return []byte{127, 0, 0, 1} }))
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

// configured returns the address of the caller's first name server.
func configured(t *testing.T) netip.Addr {
	t.Helper()
	config, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	if match := regexp.MustCompile(`(?m)^nameserver +(\S+)`).FindSubmatch(config); match != nil {
		return netip.MustParseAddr(string(match[1]))
	}
	return netip.MustParseAddr("127.0.0.1") // the default of resolv.conf(5)
}

// nameServer makes a namespace with a name server at an address, and returns each query that the server gets.
func nameServer(t *testing.T, address netip.Addr, answer func(query []byte) []byte) (*netns.Namespace, <-chan []byte) {
	t.Helper()
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
			go func() { server.WriteTo(answer(query), from) }()
		}
	}()
	return ns, asked
}

// noSuchName returns a name server's message that the name does not exist.
func noSuchName(query []byte) []byte {
	message := slices.Clone(query)
	message[2], message[3] = 0x81, 0x83
	return message
}

// one returns an answer with one address, which may depend on the query.
func one(address func(query []byte) []byte) func([]byte) []byte {
	return func(query []byte) []byte {
		end := 12 + bytes.IndexByte(query[12:], 0) + 5 // of the question: a name, its type and class
		query = query[:end]
		ip := address(query)
		message := slices.Clone(query)
		copy(message[2:], []byte{0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}) // one question, one answer, no error
		message = append(message, 0xc0, 12)                           // the same name
		message = append(message, query[end-4:end]...)                // type and class
		message = append(message, 0, 0, 0, 1, 0, byte(len(ip)))       // for a second
		return append(message, ip...)
	}
}
