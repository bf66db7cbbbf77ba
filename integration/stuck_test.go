package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A freezer is a frozen cgroup, which holds what is put into it against SIGKILL. Only cgroup v1 has that.
type freezer string

func newFreezer(t *testing.T) freezer {
	t.Helper()
	root := t.TempDir()
	if err := unix.Mount("cgroup", root, "cgroup", 0, "freezer"); err != nil {
		t.Skipf("no cgroup v1 freezer: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(root, unix.MNT_DETACH) })
	f := freezer(fmt.Sprintf("%s/netns-test-%d", root, os.Getpid()))
	if err := os.Mkdir(string(f), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.thaw(t)
		until(t, func() bool { return os.Remove(string(f)) == nil })
	})
	f.write(t, "freezer.state", "FROZEN")
	return f
}

func (f freezer) thaw(t *testing.T) { f.write(t, "freezer.state", "THAWED") }

func (f freezer) write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(string(f)+"/"+file, []byte(text), 0); err != nil {
		t.Error(err)
	}
}

// catch freezes the one child that there is, once it waits, and returns its number.
func (f freezer) catch(t *testing.T) (pid int) {
	t.Helper()
	until(t, func() bool { return len(children()) == 1 })
	pid = children()[0]
	f.write(t, "cgroup.procs", fmt.Sprint(pid))
	return pid
}

// A child that cannot even be killed keeps nobody beyond the context for more than a moment. The error names it, it is
// reaped when it is let go, and nothing of what it did is left.
func TestFrozenChild(t *testing.T) {
	if world.Shared() {
		return // how /run is mounted makes no difference to a child that is frozen
	}
	world.Clean(t)
	creatable(t, "first")
	f := newFreezer(t)
	marks := t.TempDir()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	failed := make(chan error)
	go func() {
		_, err := library.New(ctx, "a", library.Options{
			Steps: []library.Step{teststage.Step("mark " + marks), teststage.Step("sleep")},
		})
		failed <- err
	}()
	until(t, func() bool { return len(world.Files(t, marks)) == 1 })
	pid := f.catch(t)
	cancel(cause)
	var err error
	select {
	case err = <-failed:
	case <-time.After(10 * time.Second):
		f.thaw(t)
		t.Fatalf("it waited for the child; then %v", <-failed)
	}
	var undo *library.UndoError
	if !errors.Is(err, cause) || !errors.As(err, &undo) || !strings.Contains(err.Error(), fmt.Sprintf("process %d does not end", pid)) {
		t.Errorf("error %v", err)
	}
	if left := append(world.Files(t, marks), world.Files(t, "/run/netns")...); len(left) > 0 {
		t.Errorf("not undone: %q", left)
	}
	creatable(t, "a")
	f.thaw(t)
	until(t, func() bool { return os.IsNotExist(unix.Access(fmt.Sprintf("/proc/%d", pid), 0)) }) // also as a zombie
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("made by the child that was given up: %q", left)
	}
}

// A Factory is closed although one of its children, which waits for work, cannot be killed; and so is one that failed to work.
func TestFactoryWithFrozenChild(t *testing.T) {
	if world.Shared() {
		return // how /run is mounted makes no difference to a child that is frozen
	}
	world.Clean(t)
	creatable(t, "first")
	f := newFreezer(t)
	factory := newFactory(t, library.Options{}, 1)
	if err := factory.Create(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	netns(t, "delete", "a")
	pid := f.catch(t)
	closed := make(chan struct{})
	go func() {
		factory.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		f.thaw(t)
		t.Error("Close waited for the child")
		<-closed
	}
	f.thaw(t)
	until(t, func() bool { return os.IsNotExist(unix.Access(fmt.Sprintf("/proc/%d", pid), 0)) })
}

// A child that is stopped, and that nobody continues, is ended, and the error says so.
func TestStoppedChild(t *testing.T) {
	if world.Shared() {
		return // how /run is mounted makes no difference to a child that is stopped
	}
	world.Clean(t)
	marks := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	err := library.Create(ctx, []string{"a", "b"}, library.Options{
		Steps: []library.Step{teststage.Step("mark " + marks), teststage.Step("stop")},
	})
	if err == nil || !strings.HasPrefix(err.Error(), "the child, process ") || !strings.Contains(err.Error(), "was stopped by a signal") {
		t.Errorf("error %v", err)
	}
	if left := world.Files(t, marks); len(left) > 0 {
		t.Errorf("not undone: %q", left)
	}
	creatable(t, "a", "b")
}
