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

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

func contextFor(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func stack(t *testing.T, s *Store, name string) {
	t.Helper()
	if err := unix.Mount(sys.FdPath(newNamespace(t)), s.Path(name), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
}

func TestStackedMountsArePeeled(t *testing.T) {
	s := prepared(t)
	done(t, s, "x")
	stack(t, s, "x")
	stack(t, s, "x")
	if err := s.Delete(t.Context(), "x", false); err != nil {
		t.Error(err)
	}
	c := mounted(t, s, "y")
	stack(t, s, "y")
	if err := c.Withdraw("y"); err != nil {
		t.Error(err)
	}
}

// Delete does not unmount anything but namespaces.
func TestForeignMountOverOurs(t *testing.T) {
	s := prepared(t)
	done(t, s, "x")
	if err := unix.Mount("/etc/passwd", s.Path("x"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	for _, force := range []bool{false, true} {
		if err := s.Delete(t.Context(), "x", force); err == nil {
			t.Error("deleted")
		}
	}
	if err := s.repair(t.Context(), "x"); err == nil {
		t.Error("repaired")
	}
	if err := unix.Unmount(s.Path("x"), 0); err != nil {
		t.Errorf("it is not there any more: %v", err)
	}
	inState(t, s, "x", Ready)
	remove(t, s, "x")
}

// Nor does an undo or a repair unmount a namespace of another type that a person has mounted over a name.
func TestOtherNamespaceOverOurs(t *testing.T) {
	s := prepared(t)
	died(t, s, "a", "b", "never")
	if err := unix.Mount("/proc/self/ns/uts", s.Path("b"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	inState(t, s, "a", Stale)
	inState(t, s, "b", OtherNamespace)
	var busy *BusyError
	if err := s.repair(t.Context(), "a"); !errors.As(err, &busy) {
		t.Errorf("repaired: %v", err)
	}
	c := mounted(t, s, "x")
	if err := unix.Mount("/proc/self/ns/uts", s.Path("x"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Withdraw("x"); !errors.As(err, &busy) {
		t.Errorf("withdrawn: %v", err)
	}
	if err := c.Done(); err != nil {
		t.Error(err)
	}
	c.Close()
	done(t, s, "first", "second")
	if err := unix.Mount("/proc/self/ns/uts", s.Path("second"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	shown, err := s.DeleteNames(t.Context(), []string{"first", "second"}, true) // which takes the lock once for both
	var state *StateError
	if len(shown) != 1 || !errors.As(err, &state) || state.State != OtherNamespace {
		t.Errorf("%d deleted, %v", len(shown), err)
	}
	for _, f := range shown {
		f.Close()
	}
	for _, name := range []string{"b", "x", "second"} {
		inState(t, s, name, OtherNamespace)
		if err := unix.Unmount(s.Path(name), 0); err != nil {
			t.Error(err)
		}
	}
	inState(t, s, "x", Ready)
	remove(t, s, "b", "x", "second")
}

// A name that was deleted and made again belongs to its new owner. A late undo leaves it alone.
func TestWithdrawLeavesWhatCameLater(t *testing.T) {
	s := prepared(t)
	c := mounted(t, s, "x", "y", "z")
	// Each name goes as by ip netns del, and comes back: made by this package, by another tool, and by a tool that has not
	// mounted it yet.
	for _, name := range []string{"x", "y", "z"} {
		if err := unix.Unmount(s.Path(name), unix.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(s.Path(name)); err != nil {
			t.Fatal(err)
		}
	}
	done(t, s, "x")
	for _, name := range []string{"y", "z"} {
		if err := os.WriteFile(s.Path(name), nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	stack(t, s, "y")
	before := []uint64{inode(t, s, "x"), inode(t, s, "y"), inode(t, s, "z")}
	for i, name := range []string{"x", "y", "z"} {
		if err := c.Withdraw(name); err != nil {
			t.Error(err)
		}
		if inode(t, s, name) != before[i] {
			t.Errorf("%s was changed", name)
		}
	}
	inState(t, s, "x", Ready)
	inState(t, s, "y", Ready)
	inState(t, s, "z", Foreign)
	remove(t, s, "x", "y", "z")
}

// The same while the claim still has another name, so its file lives.
func TestWithdrawComparesTheFileBelow(t *testing.T) {
	s := prepared(t)
	c := mounted(t, s, "x", "y")
	st, err := sys.Fstat(c.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.unpublish("x", &st); err != nil {
		t.Fatal(err)
	}
	done(t, s, "x")
	if err := c.Withdraw("x"); err != nil {
		t.Error(err)
	}
	inState(t, s, "x", Ready)
	if err := c.Withdraw("y"); err != nil {
		t.Error(err)
	}
	remove(t, s, "x")
}

// Repair finds out if the name has come back since the caller decided to repair it.
func TestRepairOnlyStale(t *testing.T) {
	s := prepared(t)
	done(t, s, "x")
	var state *StateError
	if err := s.repair(t.Context(), "x"); !errors.As(err, &state) || state.State != Ready {
		t.Errorf("Repair: %v", err)
	}
	inState(t, s, "x", Ready)
	remove(t, s, "x")
}

// If two callers delete one name, one of them does, and the other finds it missing.
func TestDeleteAtOnce(t *testing.T) {
	s := prepared(t)
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for range 5 {
		done(t, s, names...) // one claim, so they queue for its lock
		var mu sync.Mutex
		deleted := 0
		var all sync.WaitGroup
		for _, name := range append(names, names...) {
			all.Go(func() {
				err := s.Delete(t.Context(), name, false)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					deleted++
				case !errors.Is(err, fs.ErrNotExist):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if deleted < len(names) {
			t.Errorf("%d deletes of %d names said that they did it", deleted, len(names))
		}
		if left, err := s.Names(); err != nil || len(left) > 0 {
			t.Errorf("left %q, %v", left, err)
		}
	}
}

// Delete waits for a claim that other processes hold by turns as long as they get on.
func TestDeleteWaitsWhileOthersGetOn(t *testing.T) {
	s := prepared(t)
	done(t, s, "a")
	claim, err := s.openBare("a", unix.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Close()
	if err := lockClaim(claim); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer claim.Close()
		for begin := time.Now(); time.Since(begin) < patience+time.Second; time.Sleep(patience / 10) {
			if err := claim.Chmod(0); err != nil {
				t.Error(err)
			}
		}
	}()
	if err := s.Delete(t.Context(), "a", false); err != nil {
		t.Error(err)
	}
}

// Another tool may be making a file without a mount and a record right now, unless the file is old.
func TestDeleteForeign(t *testing.T) {
	s := prepared(t)
	if err := os.WriteFile(s.Path("x"), nil, 0); err != nil {
		t.Fatal(err)
	}
	var busy *BusyError
	if err := s.Delete(t.Context(), "x", false); !errors.As(err, &busy) {
		t.Errorf("Delete: %v", err)
	}
	if testing.Short() {
		remove(t, s, "x")
		return
	}
	time.Sleep(foreignAge + time.Second)
	if err := s.Delete(t.Context(), "x", false); err != nil {
		t.Error(err)
	}
}
