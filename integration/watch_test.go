package integration

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	library "github.com/netns-go/netns"
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

// An embedder's loop ends with its context or when it breaks, without an error, and nothing stays open.
func TestWatchEnds(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	open := func() int { return len(world.Files(t, "/proc/self/fd")) }
	before := open()
	stop := blink("/run/netns/x")
	for range 10 {
		for c, err := range library.Watch(context.Background(), "", false) {
			if c.Name != "x" || err != nil {
				t.Error(c, err)
			}
			break
		}
		ctx, cancel := context.WithCancel(context.Background())
		for c, err := range library.Watch(ctx, "", false) {
			if c.Name != "x" || err != nil || ctx.Err() != nil {
				t.Error(c, err, ctx.Err())
			}
			cancel()
		}
		cancel()
		for c, err := range library.Watch(ctx, "", false) {
			t.Error(c, err)
		}
	}
	stop()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond) // while nothing happens
	defer cancel()
	for c, err := range library.Watch(ctx, "", false) {
		t.Error(c, err)
	}
	if after := open(); after != before {
		t.Errorf("%d descriptors, and %d before", after, before)
	}
}

// What ends a loop is the last that it gets.
func TestWatchErrors(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	sh(t, "mkdir /run/m; mkdir -m 755 /run/m/netns").want(t, 0)
	defer os.RemoveAll("/run/m")
	defer blink("/run/m/netns/x")()
	var last error
	for c, err := range library.Watch(t.Context(), "/run/m/netns", false) {
		if last != nil || (err == nil) != (c.Name == "x") {
			t.Error(c, err)
		}
		os.Chmod("/run/m/netns", 0o777)
		last = err
	}
	var trust *library.TrustError
	if !errors.As(last, &trust) {
		t.Error(last)
	}
	for _, err := range library.Watch(t.Context(), "/run/m/nope/netns", false) {
		last = err
	}
	if !errors.Is(last, fs.ErrNotExist) {
		t.Error(last)
	}
}

// With what there is, no namespace is missed that comes while the watch begins.
func TestWatchExisting(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "there", "there too")
	defer netns(t, "delete", "there", "there too")
	stop := blink("/run/netns/x")
	defer stop()
	for range 20 {
		want := map[string]bool{"there": true, "there too": true}
		for c, err := range library.Watch(t.Context(), "", true) {
			if err != nil || c.Name != "x" && !(c.Added && want[c.Name]) {
				t.Fatal(c, err)
			}
			if delete(want, c.Name); len(want) == 0 {
				break
			}
		}
	}
}
