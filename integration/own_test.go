package integration

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// What New returns is what it made, whatever the name shows by then: another tool deletes the name as soon as it shows a
// namespace, and gives it to another one, by the calls of ip netns.
func TestNewIsItsOwn(t *testing.T) {
	world.Clean(t)
	theirs, err := library.New(t.Context(), "theirs", library.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		theirs.Close()
		netns(t, "delete", "theirs")
	}()
	rounds, swaps := 100, 0
	if full() {
		rounds = 2000
	}
	for range rounds {
		var over atomic.Bool
		swapped := make(chan bool)
		go func() { swapped <- swap(theirs, &over) }()
		ns, err := library.New(t.Context(), "own", library.Options{NoVerify: true})
		over.Store(true)
		was := <-swapped
		if err != nil {
			t.Fatal(err)
		}
		if ns.ID() == theirs.ID() {
			t.Error("New returned another one")
		}
		if ns.Path() != "/run/netns/own" {
			t.Error(ns.Path())
		}
		if err := ns.Delete(t.Context()); err != nil {
			t.Error(err)
		}
		ns.Close()
		if was {
			swaps++
			emptyName(t, "own")
		}
	}
	t.Logf("%d of %d exchanged", swaps, rounds)
	if swaps < rounds/10 {
		t.Errorf("only %d of %d exchanged", swaps, rounds)
	}
}

// swap waits until the name own shows a namespace, and gives it to another one, unless that is too late.
func swap(theirs *library.Namespace, over *atomic.Bool) bool {
	const path = "/run/netns/own"
	for !over.Load() {
		var fs unix.Statfs_t
		if unix.Statfs(path, &fs) != nil || fs.Type != unix.NSFS_MAGIC {
			continue
		}
		if unix.Unmount(path, unix.MNT_DETACH) != nil || unix.Unlink(path) != nil {
			continue
		}
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0)
		if err != nil {
			return false
		}
		unix.Close(fd)
		return unix.Mount(theirs.Path(), path, "", unix.MS_BIND, "") == nil
	}
	return false
}

// emptyName fails the test unless the name shows what swap has put there, and frees it.
func emptyName(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("/run/netns", name)
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
		t.Errorf("the other's namespace has lost its name: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Error(err)
	}
}

// The same beside ip netns itself, which deletes and makes the name again and again. Its lo is down, and ours is up.
func TestNewBesideIP(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	rounds, taken := 50, 0
	if full() {
		rounds = 2000
	}
	going := filepath.Join(t.TempDir(), "going")
	ip := exec.Command("sh", "-c", ": >$0; while test -e $0; do ip netns del own; ip netns add own; ip netns del own; sleep 0.003; done", going)
	if err := ip.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		until(t, func() bool { return os.Remove(going) == nil })
		ip.Wait()
		emptyRunDir(t)
	}()
	for made := 0; made < rounds; {
		ns, err := library.New(t.Context(), "own", library.Options{})
		var state *library.StateError
		var busy *library.BusyError
		if errors.As(err, &state) || errors.As(err, &busy) {
			taken++ // ip was faster
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		made++
		if err := ns.Verify(); err != nil {
			t.Errorf("New returned another one: %v", err)
		}
		if err := ns.Delete(t.Context()); err != nil {
			t.Error(err)
		}
		ns.Close()
	}
	t.Logf("%d made, %d times ip was faster", rounds, taken)
}
