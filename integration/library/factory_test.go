package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

func newFactory(t *testing.T, o netns.Options, n int) *netns.Factory {
	t.Helper()
	f, err := netns.NewFactory(t.Context(), o, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// Many callers share a few children, and their namespaces are as complete as those of Create.
func TestFactory(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	f := newFactory(t, netns.Options{Addresses: []string{"10.1.2.3/32"}, Sysctls: []string{"net.ipv4.ip_forward=1"}}, 2)
	var all sync.WaitGroup
	most := 0
	var mu sync.Mutex
	for i := range 8 {
		all.Go(func() {
			for j := range 10 {
				if err := f.Create(t.Context(), fmt.Sprintf("n%d-%d", i, j), fmt.Sprintf("m%d-%d", i, j)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				most = max(most, len(world.Children()))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if most != 2 {
		t.Errorf("%d children", most)
	}
	names := world.Files(t, "/run/netns")
	if len(names) != 160 {
		t.Errorf("%d names", len(names))
	}
	world.Netns(t, append([]string{"verify", "-q"}, names...)...)
	world.Sh(t, "netns exec m7-9 sh -c 'ip address show lo | grep -q 10.1.2.3 && test $(cat /proc/sys/net/ipv4/ip_forward) = 1'").Want(t, 0)
	// delete would warn if a child held one.
	world.Netns(t, append([]string{"delete"}, names...)...)
	f.Close()
	if left := world.Children(); len(left) != 0 {
		t.Errorf("left after Close: %v", left)
	}
	if err := f.Create(t.Context(), "late"); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}

// A Factory replaces a dead child, and only the child's transaction is lost.
func TestFactoryChildKilled(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	f := newFactory(t, netns.Options{}, 1)
	for i := range 20 {
		if err := f.Create(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		for _, pid := range world.Children() { // which waits
			syscall.Kill(pid, syscall.SIGKILL)
		}
		for len(world.Children()) > 0 {
			time.Sleep(time.Millisecond)
		}
		names := world.Names(100)
		failed := make(chan error)
		go func() { failed <- f.Create(t.Context(), names...) }()
		time.Sleep(time.Duration(i) * 4 * time.Millisecond)
		for _, pid := range world.Children() { // which works, or is done
			syscall.Kill(pid, syscall.SIGKILL)
		}
		err := <-failed
		switch files := world.Files(t, "/run/netns"); {
		case err == nil && len(files) == 101:
			world.Netns(t, append([]string{"delete", "-q"}, names...)...)
		case err == nil || len(files) != 1:
			t.Fatalf("%d names after %v", len(files), err)
		}
		world.Netns(t, "delete", "-q", "a")
	}
}

// After a failed transaction, the next one works.
func TestFactoryErrors(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	f := newFactory(t, netns.Options{Sysctls: []string{"net.ipv4.ip_forward=1"}}, 1)
	var state *netns.StateError
	var name *netns.NameError
	for range 3 {
		if err := f.Create(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if err := f.Create(t.Context(), "b", "a"); !errors.As(err, &state) || !errors.Is(err, fs.ErrExist) {
			t.Error(err)
		}
		if err := f.Create(t.Context(), "a/b"); !errors.As(err, &name) {
			t.Error(err)
		}
		gone, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("gone"))
		if err := f.Create(gone, "c"); err == nil || err.Error() != "gone" {
			t.Error(err)
		}
		ending, cancelEnding := context.WithTimeout(t.Context(), 5*time.Millisecond)
		if err := f.Create(ending, world.Names(500)...); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		cancelEnding()
		if files := world.Files(t, "/run/netns"); len(files) != 1 {
			t.Errorf("names: %q", files)
		}
		world.Netns(t, "delete", "a")
	}
	// Another process has replaced the run directory.
	world.Sh(t, "umount -l /run/netns && rmdir /run/netns").Want(t, 0)
	if err := f.Create(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	world.Netns(t, "exec", "a", "true")
	world.Netns(t, "delete", "a")

	bad := netns.Options{Addresses: []string{"x"}}
	var argument *netns.ArgumentError
	if _, err := netns.NewFactory(t.Context(), bad, 1); !errors.As(err, &argument) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	closing, err := netns.NewFactory(ctx, netns.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := closing.Create(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	world.Netns(t, "delete", "x")
	cancel()
	f.Close()
	world.Until(t, func() bool { return len(world.Children()) == 0 })
}
