//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// One caller holds the lock at a time. The last one leaves no file, even if another process left one before.
func TestLockDir(t *testing.T) {
	world.Clean(t)
	base := t.TempDir()
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	dir, file := base+"/netns", base+"/.netns.lock"
	for name, before := range map[string]func() error{
		"nothing":             func() error { return nil },
		"left by the killed":  func() error { return os.WriteFile(file, nil, 0o600) },
		"a service's":         func() error { return errors.Join(os.WriteFile(file, nil, 0o600), os.Chown(file, 1000, 1000)) },
		"open to others":      func() error { return errors.Join(os.WriteFile(file, nil, 0o600), os.Chmod(file, 0o644)) },
		"a pipe, by accident": func() error { return unix.Mkfifo(file, 0o600) },
	} {
		if err := before(); err != nil {
			t.Fatal(err)
		}
		unlock, err := lockDir(t.Context(), dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := lockDir(contextFor(t, 20*time.Millisecond), dir); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: it is held, and the next one gets %v", name, err)
		}
		next := make(chan func())
		go func() {
			unlock, err := lockDir(context.Background(), dir)
			if err != nil {
				t.Error(err)
			}
			next <- unlock
		}()
		select {
		case <-next:
			t.Errorf("%s: two have it", name)
		case <-time.After(20 * time.Millisecond):
		}
		unlock()
		(<-next)()
		if names := world.Files(t, base); len(names) > 0 {
			t.Errorf("%s: left %q", name, names)
		}
	}
}

// If other users may write to the parent directory, the file could be theirs, so lockDir makes none.
func TestNoLockDir(t *testing.T) {
	world.Clean(t)
	base := t.TempDir()
	if err := os.Chmod(base, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := lockDir(contextFor(t, time.Second), base+"/netns"); err != nil {
			t.Error(err)
		}
	}
	if names := world.Files(t, base); len(names) > 0 {
		t.Errorf("left %q", names)
	}
}

// openBy names the processes that have a file open, but does not count the descriptor that it gets.
func TestOpenBy(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := openBy(f); got != "" {
		t.Errorf("open by %q", got)
	}
	cmd := exec.Command("sleep", "60")
	cmd.Stdin = f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if got, want := openBy(f), fmt.Sprintf("%d (sleep)", cmd.Process.Pid); got != want {
		t.Errorf("open by %q, want %q", got, want)
	}
}
