package library

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// blink makes and removes a link to a namespace until stop is called.
func blink(path string) (stop func()) {
	stopping, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			os.Symlink("/proc/self/ns/net", path)
			time.Sleep(time.Millisecond)
			os.Remove(path)
			select {
			case <-stopping:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() { close(stopping); <-stopped }
}

// openDir opens a run directory until the test ends.
func openDir(t *testing.T, path string) *netns.Dir {
	t.Helper()
	dir, err := netns.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return dir
}

// A loop over Watch ends with its context, or when it breaks, without an error, and nothing stays open.
func TestWatchEnds(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	dir := openDir(t, "")
	open := func() int { return len(world.Files(t, "/proc/self/fd")) }
	before := open()
	stop := blink("/run/netns/x")
	for range 10 {
		for c, err := range dir.Watch(context.Background(), netns.WatchOptions{}) {
			if c.Name != "x" || err != nil {
				t.Error(c, err)
			}
			break
		}
		ctx, cancel := context.WithCancel(context.Background())
		for c, err := range dir.Watch(ctx, netns.WatchOptions{}) {
			if c.Name != "x" || err != nil || ctx.Err() != nil {
				t.Error(c, err, ctx.Err())
			}
			cancel()
		}
		cancel()
		for c, err := range dir.Watch(ctx, netns.WatchOptions{}) {
			t.Error(c, err)
		}
	}
	stop()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond) // while nothing happens
	defer cancel()
	for c, err := range dir.Watch(ctx, netns.WatchOptions{}) {
		t.Error(c, err)
	}
	if after := open(); after != before {
		t.Errorf("%d descriptors, and %d before", after, before)
	}
}

// The error that ends a loop is its last element.
func TestWatchErrors(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	world.Sh(t, "mkdir /run/m; mkdir -m 755 /run/m/netns").Want(t, 0)
	defer os.RemoveAll("/run/m")
	defer blink("/run/m/netns/x")()
	var last error
	for c, err := range openDir(t, "/run/m/netns").Watch(t.Context(), netns.WatchOptions{}) {
		if last != nil || (err == nil) != (c.Name == "x") {
			t.Error(c, err)
		}
		os.Chmod("/run/m/netns", 0o777)
		last = err
	}
	var trust *netns.TrustError
	if !errors.As(last, &trust) {
		t.Error(last)
	}
	for _, err := range openDir(t, "/run/m/nope/netns").Watch(t.Context(), netns.WatchOptions{}) {
		last = err
	}
	if !errors.Is(last, fs.ErrNotExist) {
		t.Error(last)
	}
}

// With the existing names, no namespace is missed that comes while the watch begins.
func TestWatchExisting(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "there", "there too")
	defer world.Netns(t, "delete", "there", "there too")
	stop := blink("/run/netns/x")
	defer stop()
	for range 20 {
		want := map[string]bool{"there": true, "there too": true}
		for c, err := range openDir(t, "").Watch(t.Context(), netns.WatchOptions{Existing: true}) {
			if err != nil || c.Name != "x" && !(c.Added && want[c.Name]) {
				t.Fatal(c, err)
			}
			if delete(want, c.Name); len(want) == 0 {
				break
			}
		}
	}
}
