//go:build linux

package persist

import (
	"os"
	"runtime"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(world.Main(m)) }

// prepared returns an empty run directory.
func prepared(t *testing.T) *Store {
	t.Helper()
	world.Clean(t)
	s, err := Prepare(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// newNamespace returns a network namespace that nothing else holds.
func newNamespace(t *testing.T) *os.File {
	t.Helper()
	var ns *os.File
	var enter func(done chan<- error)
	enter = func(done chan<- error) {
		runtime.LockOSThread() // for good: the thread ends with its namespace
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			inner := make(chan error)
			go enter(inner) // on another thread, as this one waits, locked
			done <- <-inner
			return
		}
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			ns, err = os.Open("/proc/thread-self/ns/net")
		}
		done <- err
	}
	done := make(chan error)
	go enter(done)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

// claimed returns a claim that is linked to its names.
func claimed(t *testing.T, s *Store, names ...string) *Claim {
	t.Helper()
	c, err := s.Claim(names)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for _, name := range names {
		if err := c.Link(name); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// mounted returns a claim whose names are mounted.
func mounted(t *testing.T, s *Store, names ...string) *Claim {
	t.Helper()
	c := claimed(t, s, names...)
	for _, name := range names {
		if err := c.Mount(name, newNamespace(t)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// done returns a claim whose transaction is over.
func done(t *testing.T, s *Store, names ...string) {
	t.Helper()
	c := mounted(t, s, names...)
	if err := c.Done(); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func inState(t *testing.T, s *Store, name string, want State) {
	t.Helper()
	entry, err := s.Lookup(name)
	if err != nil || entry.State != want {
		t.Errorf("%s is %+v, %v, want %s", name, entry, err, want)
	}
}

func remove(t *testing.T, s *Store, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := s.Delete(t.Context(), name, true); err != nil {
			t.Error(err)
		}
	}
}

// inode returns the inode that a name shows.
func inode(t *testing.T, s *Store, name string) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(s.Path(name), &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}
