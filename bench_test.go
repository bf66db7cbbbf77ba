//go:build linux

package netns_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// many is the number of namespaces for functions that look at all of them.
const many = 1000

// populate makes n namespaces until the end of the benchmark, and returns their names.
func populate(b *testing.B, prefix string, n int) (names []string) {
	b.Helper()
	for i := range n {
		names = append(names, fmt.Sprintf("%s%06d", prefix, i))
	}
	if err := netns.Create(b.Context(), names, netns.Options{}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { removeAll(b) })
	return names
}

func removeAll(b *testing.B) {
	b.Helper()
	dir := open(b, "")
	names, err := dir.Names()
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		if err := dir.Delete(context.Background(), name, netns.DeleteOptions{}); err != nil {
			b.Errorf("%s: %v", name, err)
		}
	}
}

// One namespace, in a child of its own.
func BenchmarkCreate(b *testing.B) {
	world.Need(b)
	b.Cleanup(func() { removeAll(b) })
	for n := 0; b.Loop(); n++ {
		if err := netns.Create(b.Context(), []string{fmt.Sprint("x", n)}, netns.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// A hundred in one transaction.
func BenchmarkCreate100(b *testing.B) {
	world.Need(b)
	b.Cleanup(func() { removeAll(b) })
	for n := 0; b.Loop(); n++ {
		var names []string
		for i := range 100 {
			names = append(names, fmt.Sprintf("x%d-%d", n, i))
		}
		if err := netns.Create(b.Context(), names, netns.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDelete(b *testing.B) {
	world.Need(b)
	var names []string
	for n := 0; b.Loop(); n++ {
		if len(names) == 0 {
			b.StopTimer()
			names = populate(b, fmt.Sprint("x", n, "-"), 100)
			b.StartTimer()
		}
		if err := netns.Delete(b.Context(), names[0], netns.DeleteOptions{}); err != nil {
			b.Fatal(err)
		}
		names = names[1:]
	}
}

func BenchmarkOpen(b *testing.B) {
	world.Need(b)
	name := populate(b, "x", 1)[0]
	for b.Loop() {
		ns, err := netns.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		ns.Close()
	}
}

func BenchmarkDo(b *testing.B) {
	world.Need(b)
	ns, err := netns.Open(populate(b, "x", 1)[0])
	if err != nil {
		b.Fatal(err)
	}
	defer ns.Close()
	for b.Loop() {
		if err := ns.Do(b.Context(), func() error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	world.Need(b)
	name := populate(b, "x", many)[0]
	dir := open(b, "")
	for b.Loop() {
		if _, err := dir.Lookup(name); err != nil {
			b.Fatal(err)
		}
	}
}

// With a thousand namespaces.
func BenchmarkNames(b *testing.B) {
	world.Need(b)
	populate(b, "x", many)
	dir := open(b, "")
	for b.Loop() {
		if names, err := dir.Names(); err != nil || len(names) != many {
			b.Fatal(len(names), err)
		}
	}
}

// With a thousand namespaces.
func BenchmarkList(b *testing.B) {
	world.Need(b)
	populate(b, "x", many)
	for b.Loop() {
		entries := 0
		for _, err := range netns.List() {
			if err != nil {
				b.Fatal(err)
			}
			entries++
		}
		if entries != many {
			b.Fatal(entries)
		}
	}
}

// The listener is inside.
func BenchmarkDialContext(b *testing.B) {
	world.Need(b)
	ns, err := netns.Open(populate(b, "x", 1)[0])
	if err != nil {
		b.Fatal(err)
	}
	defer ns.Close()
	listener, err := ns.Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	for b.Loop() {
		conn, err := ns.DialContext(b.Context(), "tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
}
