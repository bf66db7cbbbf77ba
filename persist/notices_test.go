//go:build linux

package persist

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// The watcher watches a directory again at each look, while it changes. That loses no event.
func TestWatchAgainLosesNothing(t *testing.T) {
	n, err := openNotices()
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	dir := t.TempDir()
	watch, err := n.watch(dir, dir)
	if err != nil {
		t.Fatal(err)
	}
	var ended atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !ended.Load() {
			if again, err := n.watch(dir, dir); again != watch || err != nil {
				t.Errorf("watch %d, before %d, %v", again, watch, err)
				return
			}
		}
	}()
	rounds := 50_000
	if testing.Short() {
		rounds = 1000
	}
	path, lost := filepath.Join(dir, "a"), 0
	for range rounds {
		if err := os.Symlink("b", path); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		events := 0
		if err := n.read(func(event) { events++ }); err != nil {
			t.Fatal(err)
		}
		lost += 2 - events
	}
	ended.Store(true)
	<-done
	if lost != 0 {
		t.Errorf("%d events lost", lost)
	}
}
