//go:build linux

package persist

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// unprepare removes the run directory.
func unprepare(t *testing.T) {
	t.Helper()
	world.Clean(t)
	for unix.Unmount(DefaultDir, 0) == nil {
	}
	if err := os.RemoveAll(DefaultDir); err != nil {
		t.Fatal(err)
	}
}

func prepare(t *testing.T, dir string) {
	t.Helper()
	s, err := Prepare(t.Context(), dir)
	if err != nil {
		t.Error(err)
		return
	}
	s.Close()
}

// If many first callers come at once, the directory is still mounted once.
func TestFirstUsersAtOnce(t *testing.T) {
	for range 20 {
		unprepare(t)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() { prepare(t, "") })
		}
		all.Wait()
		if mounts := world.Mounts(t, DefaultDir); len(mounts) != 1 {
			t.Fatalf("mounts: %q", mounts)
		}
	}
	if info, err := os.Stat(DefaultDir); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info, err)
	}
}

// Any process that can read the directory can hold its flock. That delays the set-up for a moment, but does not prevent it.
func TestHeldLock(t *testing.T) {
	unprepare(t)
	if err := os.Mkdir(DefaultDir, 0o755); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(DefaultDir)
	if err == nil {
		err = unix.Flock(int(held.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	start := time.Now()
	prepare(t, "")
	if took := time.Since(start); took < courtesy || took > patience/2 {
		t.Errorf("took %v", took)
	}
	if mounts := world.Mounts(t, DefaultDir); len(mounts) != 1 {
		t.Errorf("mounts: %q", mounts)
	}
	start = time.Now()
	prepare(t, "")
	if took := time.Since(start); took > courtesy {
		t.Errorf("took %v, although there was nothing to set up", took)
	}
}

// unstack removes a second mount that another tool made, unless it is in use.
func TestUnstack(t *testing.T) {
	for _, used := range []bool{false, true} {
		unprepare(t)
		if err := os.Mkdir(DefaultDir, 0o755); err != nil {
			t.Fatal(err)
		}
		s, err := Open("")
		if err != nil {
			t.Fatal(err)
		}
		prepare(t, "")
		if err := unix.Mount(DefaultDir, DefaultDir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			t.Fatal(err)
		}
		want := 1
		if used {
			inUse(t)
			want = 2
		}
		if err := s.unstack(); err != nil {
			t.Error(err)
		}
		s.Close()
		if mounts := world.Mounts(t, DefaultDir); len(mounts) != want {
			t.Errorf("in use: %v: %q", used, mounts)
		}
	}
}

// inUse keeps the run directory open until the test ends.
func inUse(t *testing.T) {
	t.Helper()
	f, err := os.Open(DefaultDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close(); unix.Unmount(DefaultDir, 0) })
}

func TestPrepareErrors(t *testing.T) {
	unprepare(t)
	if _, err := Prepare(t.Context(), "/run/nope/netns"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("without a parent: %v", err)
	}
	if s, err := Prepare(contextFor(t, 0), ""); err == nil { // if it had nothing to wait for
		s.Close()
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a context that has ended: %v", err)
	}
	for _, dir := range []string{"relative", "/run/other"} {
		t.Chdir("/run")
		prepare(t, dir)
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	}
}

// A claim has no name until it is linked, and is gone when it is closed.
func TestClaimHasNoName(t *testing.T) {
	s := prepared(t)
	c, err := s.Claim([]string{"x"})
	if err != nil {
		t.Fatal(err)
	}
	if names, err := s.Names(); err != nil || len(names) > 0 {
		t.Errorf("names %q, %v", names, err)
	}
	if st, err := sys.Fstat(c.file); err != nil || st.Nlink > 0 {
		t.Errorf("published: %d links, %v", st.Nlink, err)
	}
	if committed, err := c.Committed(); err != nil || committed {
		t.Errorf("committed: %v, %v", committed, err)
	}
	c.Close()
}
