//go:build linux

package persist

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// released releases the run directory. That must leave nothing of it, not even the file of its lock.
func released(t *testing.T, dir string) {
	t.Helper()
	if err := Release(t.Context(), dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s exists: %v", dir, err)
	}
	if mounts := world.Mounts(t, dir); len(mounts) > 0 {
		t.Errorf("mounts: %q", mounts)
	}
	if _, err := os.Lstat("/run/.netns.lock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of the lock exists: %v", err)
	}
}

// refusesRelease checks that Release returns a *BusyError and keeps the directory.
func refusesRelease(t *testing.T, mounts int) {
	t.Helper()
	var busy *BusyError
	if err := Release(t.Context(), ""); !errors.As(err, &busy) {
		t.Errorf("Release: %v", err)
	}
	if info, err := os.Stat(DefaultDir); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	if left := world.Mounts(t, DefaultDir); len(left) != mounts {
		t.Errorf("mounts: %q, want %d", left, mounts)
	}
}

func TestRelease(t *testing.T) {
	unprepare(t)
	for _, dir := range []string{DefaultDir, "/run/nope/netns"} {
		if err := Release(t.Context(), dir); err != nil {
			t.Errorf("a missing %s: %v", dir, err)
		}
	}
	for name, make := range map[string]func() error{
		"prepared":           func() error { prepare(t, ""); return nil },
		"never mounted":      func() error { return os.Mkdir(DefaultDir, 0o755) },
		"left by the killed": func() error { prepare(t, ""); return os.WriteFile("/run/.netns.lock", nil, 0o600) },
		"mounted twice": func() error {
			prepare(t, "")
			return unix.Mount(DefaultDir, DefaultDir, "", unix.MS_BIND, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := make(); err != nil {
				t.Fatal(err)
			}
			released(t, DefaultDir)
		})
	}
}

// Release does not touch a directory that has names or is in use.
func TestReleaseRefuses(t *testing.T) {
	s := prepared(t)
	done(t, s, "x")
	begun := claimed(t, s, "begun")
	os.WriteFile(s.Path("foreign"), nil, 0o600)
	for _, name := range []string{"x", "begun", "foreign"} {
		refusesRelease(t, 1+len(world.Mounts(t, DefaultDir+"/")))
		remove := s.Delete
		if name == "begun" {
			begun.Close()
		}
		if err := remove(t.Context(), name, true); err != nil {
			t.Error(err)
		}
	}
	refusesRelease(t, 1) // s has it open
	s.Close()
	if err := unix.Mount("tmpfs", DefaultDir, "tmpfs", 0, "mode=755"); err != nil {
		t.Fatal(err)
	}
	refusesRelease(t, 2) // which may have names of another tool below
	if err := unix.Unmount(DefaultDir, 0); err != nil {
		t.Error(err)
	}
	unlock, err := lockDir(t.Context(), DefaultDir)
	if err != nil {
		t.Fatal(err)
	}
	if err := Release(contextFor(t, 20*time.Millisecond), ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another process sets it up: %v", err)
	}
	unlock()
	released(t, DefaultDir)
}

// Release does not touch a directory that another user could write to, nor any other file.
func TestReleaseTrusts(t *testing.T) {
	world.Clean(t)
	base := t.TempDir()
	open := base + "/open"
	if err := errors.Join(os.Mkdir(open, 0o777), os.Chmod(open, 0o777), os.WriteFile(base+"/file", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	var trust *TrustError
	if err := Release(t.Context(), open); !errors.As(err, &trust) {
		t.Errorf("open to others: %v", err)
	}
	if err := Release(t.Context(), base+"/file"); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("a file: %v", err)
	}
	if names := world.Files(t, base); len(names) != 2 {
		t.Errorf("left %q", names)
	}
}

// Processes that make namespaces while others release the directory lose none of them.
func TestReleaseWhileOthersCreate(t *testing.T) {
	unprepare(t)
	var makers, releasers sync.WaitGroup
	ended := make(chan struct{})
	releases := 0
	releasers.Go(func() {
		for {
			select {
			case <-ended:
				return
			default:
			}
			var busy *BusyError
			switch err := Release(t.Context(), ""); {
			case err == nil:
				releases++
			case !errors.As(err, &busy):
				t.Error(err)
			}
		}
	})
	ns := newNamespace(t)
	for _, name := range []string{"a", "b"} {
		makers.Go(func() {
			for range 100 {
				if err := makeAndDelete(t, name, ns); err != nil {
					t.Error(err)
				}
			}
		})
	}
	makers.Wait()
	close(ended)
	releasers.Wait()
	if releases == 0 {
		t.Error("the directory was never released")
	}
	released(t, DefaultDir)
}

func makeAndDelete(t *testing.T, name string, ns *os.File) error {
	s, err := Prepare(t.Context(), "")
	if err != nil {
		return err
	}
	defer s.Close()
	c, err := s.Claim([]string{name})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := errors.Join(c.Link(name), c.Mount(name, ns), c.Done(), c.Close()); err != nil {
		return err
	}
	inState(t, s, name, Ready)
	return s.Delete(t.Context(), name, false)
}
