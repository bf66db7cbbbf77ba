package library

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// New returns the namespace that it made, even if the name shows another one: by the calls of ip netns, the test deletes the name
// as soon as it shows a namespace, and gives it to another one.
func TestNewIsItsOwn(t *testing.T) {
	world.Clean(t)
	theirs, err := netns.New(t.Context(), "theirs", netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		theirs.Close()
		world.Netns(t, "delete", "theirs")
	}()
	rounds, swaps := world.Rounds(100, 2000), 0
	for range rounds {
		var over atomic.Bool
		swapped := make(chan bool)
		go func() { swapped <- swap(theirs, &over) }()
		ns, err := netns.New(t.Context(), "own", netns.Options{NoVerify: true})
		over.Store(true)
		was := <-swapped
		if err != nil {
			t.Fatal(err)
		}
		if ns.ID() == theirs.ID() {
			t.Error("New returned another namespace")
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

// swap waits until the name own shows a namespace, and gives it to another one. It reports whether that was in time.
func swap(theirs *netns.Namespace, over *atomic.Bool) bool {
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

// emptyName fails the test unless the name has the mount of swap, and frees the name.
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

// New does the same while ip netns deletes and makes the name again and again. ip leaves lo down, and netns sets it up.
func TestNewBesideIP(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	rounds, taken := world.Rounds(50, 2000), 0
	going := filepath.Join(t.TempDir(), "going")
	ip := exec.Command("sh", "-c", ": >$0; while test -e $0; do ip netns del own; ip netns add own; ip netns del own; sleep 0.003; done", going)
	if err := ip.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		world.Until(t, func() bool { return os.Remove(going) == nil })
		ip.Wait()
		world.EmptyRunDir(t)
	}()
	for made := 0; made < rounds; {
		ns, err := netns.New(t.Context(), "own", netns.Options{})
		var state *netns.StateError
		var busy *netns.BusyError
		if errors.As(err, &state) || errors.As(err, &busy) {
			taken++ // ip was faster
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		made++
		if err := ns.Verify(); err != nil {
			t.Errorf("New returned another namespace: %v", err)
		}
		if err := ns.Delete(t.Context()); err != nil {
			t.Error(err)
		}
		ns.Close()
	}
	t.Logf("%d made, %d times ip was faster", rounds, taken)
}
