package failure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A freezer is a frozen cgroup, whose processes do not end by SIGKILL. Only cgroup v1 has that.
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
		world.Until(t, func() bool { return os.Remove(string(f)) == nil })
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

// catch freezes the only child, and returns its number.
func (f freezer) catch(t *testing.T) (pid int) {
	t.Helper()
	world.Until(t, func() bool { return len(world.Children()) == 1 })
	pid = world.Children()[0]
	f.write(t, "cgroup.procs", fmt.Sprint(pid))
	return pid
}

// If SIGKILL does not end a child, the caller waits only for a moment after the end of the context. The error names the child.
// When the child is thawed, it is reaped, and none of its work stays.
func TestFrozenChild(t *testing.T) {
	if world.Shared() {
		return // the mount of /run makes no difference to a frozen child
	}
	world.Clean(t)
	world.Creatable(t, "first")
	f := newFreezer(t)
	marks := t.TempDir()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	failed := make(chan error)
	go func() {
		_, err := netns.New(ctx, "a", netns.Options{
			Steps: []netns.Step{teststage.Step("mark " + marks), teststage.Step("sleep")},
		})
		failed <- err
	}()
	world.Until(t, func() bool { return len(world.Files(t, marks)) == 1 })
	pid := f.catch(t)
	cancel(cause)
	var err error
	select {
	case err = <-failed:
	case <-time.After(10 * time.Second):
		f.thaw(t)
		t.Fatalf("it waited for the child; then %v", <-failed)
	}
	var undo *netns.UndoError
	if !errors.Is(err, cause) || !errors.As(err, &undo) || !strings.Contains(err.Error(), fmt.Sprintf("process %d does not end", pid)) {
		t.Errorf("error %v", err)
	}
	if left := append(world.Files(t, marks), world.Files(t, "/run/netns")...); len(left) > 0 {
		t.Errorf("not undone: %q", left)
	}
	world.Creatable(t, "a")
	f.thaw(t)
	world.Until(t, func() bool { return os.IsNotExist(unix.Access(fmt.Sprintf("/proc/%d", pid), 0)) }) // also as a zombie
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("made by the child that was given up: %q", left)
	}
}

// Close returns although a waiting child of the Factory cannot be killed.
func TestFactoryWithFrozenChild(t *testing.T) {
	if world.Shared() {
		return // the mount of /run makes no difference to a frozen child
	}
	world.Clean(t)
	world.Creatable(t, "first")
	f := newFreezer(t)
	factory, err := netns.NewFactory(t.Context(), netns.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := factory.Create(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	world.Netns(t, "delete", "a")
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
	world.Until(t, func() bool { return os.IsNotExist(unix.Access(fmt.Sprintf("/proc/%d", pid), 0)) })
}

// The parent ends a child that stays stopped, and the error says so.
func TestStoppedChild(t *testing.T) {
	if world.Shared() {
		return // the mount of /run makes no difference to a stopped child
	}
	world.Clean(t)
	marks := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	err := netns.Create(ctx, []string{"a", "b"}, netns.Options{
		Steps: []netns.Step{teststage.Step("mark " + marks), teststage.Step("stop")},
	})
	if err == nil || !strings.HasPrefix(err.Error(), "the child, process ") || !strings.Contains(err.Error(), "was stopped by a signal") {
		t.Errorf("error %v", err)
	}
	if left := world.Files(t, marks); len(left) > 0 {
		t.Errorf("not undone: %q", left)
	}
	world.Creatable(t, "a", "b")
}
