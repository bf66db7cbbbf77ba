//go:build linux

package persist

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// rewrite changes the record of a name that is not mounted.
func rewrite(t *testing.T, s *Store, name string, from, to string) {
	t.Helper()
	data, err := os.ReadFile(s.Path(name))
	if err != nil || !bytes.Contains(data, []byte(from)) {
		t.Fatalf("no %q in %q, %v", from, data, err)
	}
	f, err := os.OpenFile(s.Path(name), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(bytes.Replace(data, []byte(from), []byte(to), 1)); err != nil {
		t.Fatal(err)
	}
}

// uncovered makes a name whose transaction is over and whose mount is gone.
func uncovered(t *testing.T, s *Store, name string) {
	t.Helper()
	done(t, s, name)
	if err := unix.Unmount(s.Path(name), unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
}

// madeIn makes a name whose transaction is over and was of another mount namespace.
func madeIn(t *testing.T, s *Store, name string, ns mountNS) {
	t.Helper()
	here, err := thisMountNS()
	if err != nil {
		t.Fatal(err)
	}
	uncovered(t, s, name)
	rewrite(t, s, name, mntnsLine(here), mntnsLine(ns))
}

func mntnsLine(ns mountNS) string { return fmt.Sprintf("\nmntns %d %d\n", ns.inode, ns.id) }

// otherMountNS returns a mount namespace that lives until it is ended.
func otherMountNS(t *testing.T) (ns mountNS, end func()) {
	t.Helper()
	other := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", "echo; exec sleep 600")
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		other.Process.Kill()
		other.Wait()
	})
	t.Cleanup(end)
	out.Read(make([]byte, 1)) // it exists
	ns, err = mountNSOf("/proc/" + strconv.Itoa(other.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if ns.id == 0 {
		ns.id = 1 // a kernel without ids does not tell more
	}
	return ns, end
}

func TestStates(t *testing.T) {
	here, err := thisMountNS()
	if err != nil {
		t.Fatal(err)
	}
	living, _ := otherMountNS(t)
	ended, end := otherMountNS(t)
	end()
	boot := bootID()
	afterEnd := Elsewhere // where the kernel does not tell
	if fate, _ := ended.fate(); fate == gone {
		afterEnd = Stale
	}
	for want, test := range map[string]struct {
		state       State
		make        func(t *testing.T, s *Store)
		free, force bool // Reserve frees it; Delete needs force
	}{
		"ready": {Ready, func(t *testing.T, s *Store) { done(t, s, "x") }, false, false},
		"ready, by another tool": {Ready, func(t *testing.T, s *Store) {
			os.WriteFile(s.Path("x"), nil, 0)
			if err := unix.Mount(sys.FdPath(newNamespace(t)), s.Path("x"), "", unix.MS_BIND, ""); err != nil {
				t.Fatal(err)
			}
		}, false, false},
		"kept": {Kept, func(t *testing.T, s *Store) {
			c := mounted(t, s, "x")
			if err := c.Keep("x", "verify"); err != nil {
				t.Fatal(err)
			}
			c.Close()
		}, false, false},
		"stale, died before the mount":      {Stale, func(t *testing.T, s *Store) { claimed(t, s, "x").Close() }, true, false},
		"ready, died between mount and end": {Ready, func(t *testing.T, s *Store) { mounted(t, s, "x").Close() }, false, false},
		"stale, of another boot": {Stale, func(t *testing.T, s *Store) {
			uncovered(t, s, "x")
			rewrite(t, s, "x", boot, "6c3eace7-0000-0000-0000-dba8bcf5b337")
		}, true, false},
		"stale, died in delete": {Stale, func(t *testing.T, s *Store) {
			uncovered(t, s, "x")
			rewrite(t, s, "x", "\n.x\n", "\ngx\n")
		}, true, false},
		"unmounted": {Unmounted, func(t *testing.T, s *Store) { uncovered(t, s, "x") }, false, false},
		"unmounted, its boot not known": {Unmounted, func(t *testing.T, s *Store) {
			uncovered(t, s, "x")
			rewrite(t, s, "x", boot, unknownBoot)
		}, false, false},
		"elsewhere": {Elsewhere, func(t *testing.T, s *Store) { madeIn(t, s, "x", living) }, false, true},
		"elsewhere, of another boot": {Elsewhere, func(t *testing.T, s *Store) {
			madeIn(t, s, "x", living)
			rewrite(t, s, "x", boot, "6c3eace7-0000-0000-0000-dba8bcf5b337")
		}, false, true},
		"elsewhere, died before the mount": {Elsewhere, func(t *testing.T, s *Store) {
			madeIn(t, s, "x", living)
			rewrite(t, s, "x", "\nd\n", "\nb\n")
		}, false, true},
		"elsewhere, died in delete": {Elsewhere, func(t *testing.T, s *Store) {
			madeIn(t, s, "x", living)
			rewrite(t, s, "x", "\n.x\n", "\ngx\n")
		}, false, true},
		"elsewhere, without an id": {Elsewhere, func(t *testing.T, s *Store) { madeIn(t, s, "x", mountNS{1, 0}) }, false, true},
		"its mount namespace gone": {afterEnd, func(t *testing.T, s *Store) { madeIn(t, s, "x", ended) }, afterEnd == Stale, afterEnd != Stale},
		"damaged": {Incompatible, func(t *testing.T, s *Store) {
			claimed(t, s, "x").Close()
			rewrite(t, s, "x", "\n.x\n", "\n.../x\n")
		}, false, true},
		"incompatible": {Incompatible, func(t *testing.T, s *Store) {
			claimed(t, s, "x").Close()
			rewrite(t, s, "x", "netns claim 1", "netns claim 2")
		}, false, true},
		"foreign": {Foreign, func(t *testing.T, s *Store) { os.WriteFile(s.Path("x"), nil, 0) }, false, true},
	} {
		t.Run(want, func(t *testing.T) {
			s := prepared(t)
			test.make(t, s)
			inState(t, s, "x", test.state)
			err := s.Reserve(t.Context(), "x")
			var state *StateError
			switch {
			case test.free && err != nil:
				t.Error(err)
			case !test.free && (!errors.As(err, &state) || state.State != test.state || !errors.Is(err, fs.ErrExist)):
				t.Errorf("Reserve: %v", err)
			}
			if test.free {
				if _, err := s.Lookup("x"); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("still there: %v", err)
				}
				return
			}
			if err := s.Delete(t.Context(), "x", false); (err != nil) != test.force {
				t.Errorf("Delete: %v", err)
			}
			if test.force {
				inState(t, s, "x", test.state)
				remove(t, s, "x")
			}
		})
	}
	if !here.is(mountNS{here.inode, 0}) || here.is(mountNS{here.inode + 1, here.id}) || here.id != 0 && here.is(mountNS{here.inode, here.id + 1}) {
		t.Errorf("mount namespaces are not told apart")
	}
}

// While a transaction lives, it holds its names: no other caller can have them, and readers wait for the mount.
func TestInProgress(t *testing.T) {
	s := prepared(t)
	c := claimed(t, s, "x", "y")
	inState(t, s, "x", InProgress)
	var state *StateError
	if err := s.Reserve(t.Context(), "x"); !errors.As(err, &state) || state.State != InProgress || state.PID != os.Getpid() {
		t.Errorf("Reserve: %v", err)
	}
	if err := s.repair(contextFor(t, 100*time.Millisecond), "x"); err == nil {
		t.Error("Repair removed it")
	}
	if err := s.Delete(contextFor(t, 100*time.Millisecond), "x", true); err == nil {
		t.Error("Delete removed it")
	}
	other, err := s.Claim([]string{"x"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Link("x"); !errors.As(err, &state) || state.State != InProgress {
		t.Errorf("Link: %v", err)
	}
	start := time.Now()
	if _, err := s.Namespace(t.Context(), "x"); !errors.As(err, &state) || state.State != InProgress || time.Since(start) < readersPatience/2 {
		t.Errorf("Namespace: %v after %v", err, time.Since(start))
	}

	ns := newNamespace(t)
	var mount sync.WaitGroup
	mount.Go(func() {
		time.Sleep(50 * time.Millisecond)
		if err := c.Mount("x", ns); err != nil {
			t.Error(err)
		}
	})
	f, err := s.Namespace(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if same, err := sys.SameFile(f, ns); err != nil || !same {
		t.Errorf("another namespace, %v", err)
	}
	f.Close()
	mount.Wait()
	for _, name := range []string{"x", "y"} {
		if err := c.Withdraw(name); err != nil {
			t.Error(err)
		}
	}
}

// The package follows a link, which a person has made, for reading and for nothing else.
func TestLink(t *testing.T) {
	s := prepared(t)
	done(t, s, "target")
	if err := os.Symlink(s.Path("target"), s.Path("link")); err != nil {
		t.Fatal(err)
	}
	inState(t, s, "link", Ready)
	f, err := s.Namespace(t.Context(), "link")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := s.Delete(t.Context(), "link", false); err != nil {
		t.Error(err)
	}
	inState(t, s, "target", Ready)
	remove(t, s, "target")
}

// The package does not open a namespace of another type than network.
func TestOtherNamespaceType(t *testing.T) {
	s := prepared(t)
	if err := os.WriteFile(s.Path("x"), nil, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("/proc/self/ns/uts", s.Path("x"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	var state *StateError
	if _, err := s.Namespace(t.Context(), "x"); !errors.As(err, &state) || state.State != OtherNamespace {
		t.Errorf("Namespace: %v", err)
	}
	for _, force := range []bool{false, true} {
		if err := s.Delete(t.Context(), "x", force); !errors.As(err, &state) || state.State != OtherNamespace {
			t.Errorf("Delete: %v", err)
		}
	}
	if err := unix.Unmount(s.Path("x"), 0); err != nil {
		t.Errorf("it is not there any more: %v", err)
	}
	remove(t, s, "x")
}
