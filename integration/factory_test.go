package integration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"testing"
	"time"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

func newFactory(t *testing.T, o library.Options, n int) *library.Factory {
	t.Helper()
	f, err := library.NewFactory(t.Context(), o, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// Many callers have a few children, and namespaces as complete as Create makes them.
func TestFactory(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	f := newFactory(t, library.Options{Addresses: []string{"10.1.2.3/32"}, Sysctls: []string{"net.ipv4.ip_forward=1"}}, 2)
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
				most = max(most, len(children()))
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
	netns(t, append([]string{"verify", "-q"}, names...)...)
	sh(t, "netns exec m7-9 sh -c 'ip address show lo | grep -q 10.1.2.3 && test $(cat /proc/sys/net/ipv4/ip_forward) = 1'").want(t, 0)
	// A warning would say that a child holds one.
	netns(t, append([]string{"delete"}, names...)...)
	f.Close()
	if left := children(); len(left) != 0 {
		t.Errorf("left after Close: %v", left)
	}
	if err := f.Create(t.Context(), "late"); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}

// A child that dies is replaced, and takes nothing with it but its transaction.
func TestFactoryChildKilled(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	f := newFactory(t, library.Options{}, 1)
	for i := range 20 {
		if err := f.Create(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		for _, pid := range children() { // which waits
			syscall.Kill(pid, syscall.SIGKILL)
		}
		for len(children()) > 0 {
			time.Sleep(time.Millisecond)
		}
		names := manyNames(100)
		failed := make(chan error)
		go func() { failed <- f.Create(t.Context(), names...) }()
		time.Sleep(time.Duration(i) * 4 * time.Millisecond)
		for _, pid := range children() { // which works, or is done
			syscall.Kill(pid, syscall.SIGKILL)
		}
		err := <-failed
		switch files := world.Files(t, "/run/netns"); {
		case err == nil && len(files) == 101:
			netns(t, append([]string{"delete", "-q"}, names...)...)
		case err == nil || len(files) != 1:
			t.Fatalf("%d names after %v", len(files), err)
		}
		netns(t, "delete", "-q", "a")
	}
}

// What one transaction fails of is not in the way of the next.
func TestFactoryErrors(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	f := newFactory(t, library.Options{Sysctls: []string{"net.ipv4.ip_forward=1"}}, 1)
	var state *library.StateError
	var name *library.NameError
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
		if err := f.Create(ending, manyNames(500)...); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		cancelEnding()
		if files := world.Files(t, "/run/netns"); len(files) != 1 {
			t.Errorf("names: %q", files)
		}
		netns(t, "delete", "a")
	}
	// The run directory is another one by now.
	sh(t, "umount -l /run/netns && rmdir /run/netns").want(t, 0)
	if err := f.Create(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	netns(t, "exec", "a", "true")
	netns(t, "delete", "a")

	bad := library.Options{Addresses: []string{"x"}}
	var argument *library.ArgumentError
	if _, err := library.NewFactory(t.Context(), bad, 1); !errors.As(err, &argument) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	closing, err := library.NewFactory(ctx, library.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := closing.Create(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	netns(t, "delete", "x")
	cancel()
	f.Close()
	until(t, func() bool { return len(children()) == 0 })
}
