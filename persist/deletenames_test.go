//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// deleteNames is DeleteNames, and returns the inodes of the namespaces.
func deleteNames(t *testing.T, ctx context.Context, s *Store, names ...string) (inodes []uint64, err error) {
	t.Helper()
	shown, err := s.DeleteNames(ctx, names, false)
	for _, f := range shown {
		if f == nil {
			inodes = append(inodes, 0)
			continue
		}
		if !sys.IsNetwork(f) {
			t.Errorf("%s is not open for setns", f.Name())
		}
		st, err := sys.Fstat(f)
		if err != nil {
			t.Error(err)
		}
		inodes = append(inodes, st.Ino)
		f.Close()
	}
	return inodes, err
}

func left(t *testing.T, s *Store, want ...string) {
	t.Helper()
	if names, err := s.Names(); err != nil || !slices.Equal(names, want) {
		t.Errorf("left %q, %v, want %q", names, err, want)
	}
}

// The names are of one claim and of others, by turns. One has two namespaces, another tool made one, and one is a link.
func TestDeleteNames(t *testing.T) {
	s := prepared(t)
	done(t, s, "a", "c", "e", "f")
	done(t, s, "b")
	done(t, s, "d", "g")
	stack(t, s, "f")
	if err := os.WriteFile(s.Path("ip"), nil, 0); err != nil {
		t.Fatal(err)
	}
	stack(t, s, "ip")
	if err := os.Symlink("/proc/self/ns/net", s.Path("link")); err != nil {
		t.Fatal(err)
	}
	names := []string{"a", "b", "c", "link", "d", "e", "ip", "f", "g"}
	var want []uint64
	for _, name := range names {
		if name == "link" {
			want = append(want, 0)
		} else {
			want = append(want, inode(t, s, name))
		}
	}
	if got, err := deleteNames(t, t.Context(), s, names...); err != nil || !slices.Equal(got, want) {
		t.Errorf("DeleteNames: %v, %v, want %v", got, err, want)
	}
	left(t, s)
}

// DeleteNames stops at the first name that fails, returns what the names before it showed, and leaves the others as they were.
func TestDeleteNamesStops(t *testing.T) {
	s := prepared(t)
	for _, bad := range []string{"a", "nope", "b/ad", "stale"} {
		done(t, s, "a", "b", "c", "stale")
		unix.Unmount(s.Path("stale"), unix.MNT_DETACH)
		if err := os.Truncate(s.Path("stale"), 20); err != nil { // of another version
			t.Fatal(err)
		}
		got, err := deleteNames(t, t.Context(), s, "a", "b", bad, "c")
		var name *NameError
		var state *StateError
		if len(got) != 2 || !errors.Is(err, fs.ErrNotExist) && !errors.As(err, &name) && !errors.As(err, &state) {
			t.Errorf("%s: %v, %v", bad, got, err)
		}
		left(t, s, "c", "stale")
		remove(t, s, "c", "stale") // so its lock is free
	}
}

// A name that another transaction has made again belongs to that one: DeleteNames waits for its lock. When the context ends, it
// leaves this name and those after it alone.
func TestDeleteNamesRespectsOthers(t *testing.T) {
	s := prepared(t)
	done(t, s, "a", "b", "c")
	if err := unix.Unmount(s.Path("b"), unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.Path("b")); err != nil {
		t.Fatal(err)
	}
	live := mounted(t, s, "b")
	before := inode(t, s, "b")
	got, err := deleteNames(t, contextFor(t, 300*time.Millisecond), s, "a", "b", "c")
	if len(got) != 1 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("DeleteNames: %v, %v", got, err)
	}
	left(t, s, "b", "c")
	if inode(t, s, "b") != before {
		t.Error("b was changed")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := deleteNames(t, ended, s, "c"); len(got) > 0 || err != context.Canceled {
		t.Errorf("DeleteNames: %v, %v", got, err)
	}
	live.Close()
	if _, err := deleteNames(t, t.Context(), s, "c", "b"); err != nil {
		t.Error(err)
	}
}

// Another transaction makes a name again while the batch holds the lock of the old claim. The batch tells them apart.
func TestDeleteNamesComparesTheFileBelow(t *testing.T) {
	s := prepared(t)
	done(t, s, "a", "b")
	b := &batch{store: s}
	defer b.release()
	ns, err := b.delete(t.Context(), "a")
	if err != nil || ns == nil {
		t.Fatalf("delete: %v, %v", ns, err)
	}
	ns.Close()
	if h := b.member("b"); h == nil {
		t.Error("b is not held with the claim of a")
	} else {
		h.top.Close()
	}
	if err := unix.Unmount(s.Path("b"), unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	if b.member("b") != nil {
		t.Error("b is held as if it were mounted")
	}
	if err := os.Remove(s.Path("b")); err != nil {
		t.Fatal(err)
	}
	done(t, s, "b")
	if b.member("b") != nil {
		t.Error("another's b is held with the claim of a")
	}
	if ns, err = b.delete(t.Context(), "b"); err != nil {
		t.Error(err)
	}
	ns.Close()
	left(t, s)
}

// A process that waits for the claim of many names gets it before all of them are gone.
func TestDeleteNamesGivesOthersATurn(t *testing.T) {
	s := prepared(t)
	names := make([]string, 1001)
	for i := range names {
		names[i] = fmt.Sprintf("n%05d", i)
	}
	c := claimed(t, s, names...)
	ns := newNamespace(t)
	for _, name := range names {
		if err := c.Mount(name, ns); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Done(); err != nil {
		t.Fatal(err)
	}
	c.Close()
	last := names[len(names)-1]
	deleted := make(chan error, 1)
	go func() {
		for { // until the lock is taken
			if _, err := os.Lstat(s.Path(names[10])); err != nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		deleted <- s.Delete(t.Context(), last, false)
	}()
	var all []string
	all = append(all, names[:len(names)-1]...)
	b := &batch{store: s}
	defer b.release()
	turn := 0
	for i, name := range all {
		if i > 0 && i%50 == 0 { // and the time is up; on a busy machine, a waiting process can miss a turn
			b.since = b.since.Add(-lockShare)
		}
		f, err := b.delete(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if turn == 0 && len(deleted) > 0 {
			turn = i
		}
	}
	b.release()
	if turn == 0 {
		t.Error("the other one had to wait for all")
	}
	if err := <-deleted; err != nil {
		t.Error(err)
	}
	left(t, s)
}
