//go:build linux

package persist

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// died leaves the names of a transaction that died when the first one was mounted and the second one had its file.
func died(t *testing.T, s *Store, mountedName, linked, unlinked string) {
	t.Helper()
	c, err := s.Claim([]string{mountedName, linked, unlinked})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{mountedName, linked} {
		if err := c.Link(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Mount(mountedName, newNamespace(t)); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// A transaction that died half-way is stale by each of its names, and goes with all of them.
func TestRepairTakesTheWholeTransaction(t *testing.T) {
	for _, name := range []string{"a", "b"} {
		s := prepared(t)
		done(t, s, "other")
		died(t, s, "a", "b", "c")
		inState(t, s, "a", Stale)
		inState(t, s, "b", Stale)
		if err := s.Reserve(t.Context(), name); err != nil {
			t.Error(err)
		}
		if names, err := s.Names(); err != nil || strings.Join(names, " ") != "other" {
			t.Errorf("left %q, %v", names, err)
		}
		remove(t, s, "other")
	}
}

// A name of the dead transaction that another transaction has made again belongs to that one.
func TestRepairLeavesWhatCameLater(t *testing.T) {
	s := prepared(t)
	died(t, s, "a", "b", "c")
	done(t, s, "c")
	if err := s.Delete(t.Context(), "a", false); err != nil {
		t.Fatal(err)
	}
	done(t, s, "a")
	if err := s.repair(t.Context(), "b"); err != nil {
		t.Error(err)
	}
	inState(t, s, "a", Ready)
	inState(t, s, "c", Ready)
	if _, err := s.Lookup("b"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	remove(t, s, "a", "c")
}

// recovers runs Recover and compares what it did, name by name.
func recovers(t *testing.T, s *Store, dry bool, want map[string]Action) {
	t.Helper()
	findings, err := Recover(t.Context(), s.Dir(), RecoverOptions{DryRun: dry})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Action{}
	for _, f := range findings {
		got[f.Name] = f.Action
		if f.Err != nil || f.Reason == "" || !strings.HasPrefix(f.Path, s.Dir()) {
			t.Errorf("%+v", f)
		}
	}
	for name, action := range want {
		if got[name] != action {
			t.Errorf("%q: %q, want %q", name, got[name], action)
		}
	}
	if len(got) != len(want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

func TestRecover(t *testing.T) {
	s := prepared(t)
	done(t, s, "ready")
	died(t, s, "half", "linked", "never")
	mounted(t, s, "all1", "all2").Close()
	uncovered(t, s, "unmounted")
	alive := claimed(t, s, "alive")
	claimed(t, s, "newer").Close()
	rewrite(t, s, "newer", "netns claim 1", "netns claim 2")
	for name, age := range map[string]string{"young": "now", "text": "1 hour ago", "old": "1 hour ago"} {
		if err := exec.Command("touch", "-d", age, s.Path(name)).Run(); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(s.Path("text"), []byte("not a tool's"), 0o600)
	os.Symlink("/nope", s.Path("link"))
	os.Symlink("ready", s.Path("alias")) // the first name, which must not keep Recover from the others
	os.Mkdir(s.Path("dir"), 0o700)

	before, err := s.Names()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Action{
		"half": Remove, "linked": Remove, "all1": Finish, "all2": Finish, "unmounted": Remove,
		"alive": Leave, "newer": Leave, "young": Leave, "text": Ignore, "link": Ignore, "dir": Ignore,
		"old": Leave, // its ctime is young: no process can set that back
	}
	recovers(t, s, true, want)
	if after, err := s.Names(); err != nil || strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("a dry run changed %q to %q, %v", before, after, err)
	}
	delete(want, "linked") // it goes with half
	delete(want, "all2")   // it is finished with all1
	recovers(t, s, false, want)
	recovers(t, s, false, map[string]Action{
		"alive": Leave, "newer": Leave, "young": Leave, "old": Leave, "text": Ignore, "link": Ignore, "dir": Ignore,
	})
	inState(t, s, "ready", Ready)
	inState(t, s, "all1", Ready)
	inState(t, s, "text", File)
	if err := alive.Withdraw("alive"); err != nil {
		t.Error(err)
	}
	remove(t, s, "ready", "all1", "all2", "newer", "young", "old")
	for _, name := range []string{"text", "link", "alias", "dir"} {
		os.Remove(s.Path(name))
	}
}

// Recover removes a claim of another mount namespace when the kernel does not know that any more, and not before.
func TestRecoverElsewhere(t *testing.T) {
	s := prepared(t)
	ns, end := otherMountNS(t)
	madeIn(t, s, "x", ns)
	inState(t, s, "x", Elsewhere)
	recovers(t, s, false, map[string]Action{"x": Leave})
	inState(t, s, "x", Elsewhere)
	end()
	if fate, _ := ns.fate(); fate != gone { // the kernel does not tell, so it may live
		recovers(t, s, false, map[string]Action{"x": Leave})
		remove(t, s, "x")
		return
	}
	recovers(t, s, false, map[string]Action{"x": Remove})
}

// A transaction of another mount namespace that looks half done here may be complete and mounted there.
func TestRepairLeavesAnotherMountNamespaces(t *testing.T) {
	s := prepared(t)
	here, err := thisMountNS()
	if err != nil {
		t.Fatal(err)
	}
	ns, end := otherMountNS(t)
	died(t, s, "a", "b", "c")
	rewrite(t, s, "b", mntnsLine(here), mntnsLine(ns)) // the one claim of both
	inState(t, s, "a", Ready)
	inState(t, s, "b", Elsewhere)
	for _, name := range []string{"a", "b"} {
		var state *StateError
		if err := s.repair(t.Context(), name); !errors.As(err, &state) {
			t.Errorf("Repair of %s: %v", name, err)
		}
	}
	recovers(t, s, false, map[string]Action{"b": Leave})
	end()
	if fate, _ := ns.fate(); fate == gone {
		recovers(t, s, false, map[string]Action{"a": Remove})
	}
	for _, name := range []string{"a", "b"} {
		if err := s.Delete(t.Context(), name, true); err != nil && !isMissing(err) {
			t.Error(err)
		}
	}
}

// Of stacked mounts, Recover removes only doubled ones. Another namespace below may be in use, as may a mount of anything else.
func TestRecoverStacked(t *testing.T) {
	s := prepared(t)
	done(t, s, "twice", "two", "foreign")
	if err := unix.Mount(s.Path("twice"), s.Path("twice"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	stack(t, s, "two")
	if err := unix.Mount("/etc/passwd", s.Path("foreign"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	recovers(t, s, true, map[string]Action{"twice": Remove, "two": Leave, "foreign": Ignore})
	recovers(t, s, false, map[string]Action{"twice": Remove, "two": Leave, "foreign": Ignore})
	recovers(t, s, false, map[string]Action{"two": Leave, "foreign": Ignore})
	if n := len(world.Mounts(t, s.Path(""))); n != 6 {
		t.Errorf("%d mounts: %q", n, world.Mounts(t, s.Dir()))
	}
	if err := unix.Unmount(s.Path("foreign"), 0); err != nil {
		t.Error(err)
	}
	inState(t, s, "twice", Ready)
	remove(t, s, "twice", "two", "foreign")
}

// Recover mends a run directory that is mounted twice, or whose namespaces are, while it is empty.
func TestRecoverRunDirectory(t *testing.T) {
	unprepare(t)
	prepare(t, "")
	bind := func() {
		t.Helper()
		if err := unix.Mount(DefaultDir, DefaultDir, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
	}
	open := func() *Store {
		s, err := Open("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	bind()
	s := open()
	done(t, s, "x")
	recovers(t, s, false, map[string]Action{"": Leave})
	remove(t, s, "x")
	recovers(t, s, true, map[string]Action{"": Remount})
	s.Close()
	s = open() // in use: busy
	findings, err := Recover(t.Context(), "", RecoverOptions{})
	if err != nil || len(findings) != 1 || !errors.Is(findings[0].Err, unix.EBUSY) {
		t.Errorf("%+v, %v", findings, err)
	}
	s.Close()
	recovers(t, s, false, map[string]Action{"": Remount})
	if n := len(world.Mounts(t, DefaultDir)); n != 1 {
		t.Errorf("%d mounts", n)
	}
	recovers(t, s, false, nil)
}

// iproute2 6 leaves the directory in the peer group of a shared /run.
func TestRecoverPeerGroup(t *testing.T) {
	if !world.Shared() {
		return // nothing to be in the group of
	}
	unprepare(t)
	if err := os.Mkdir(DefaultDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(DefaultDir, DefaultDir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		t.Fatal(err)
	}
	s, err := Prepare(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	done(t, s, "x")
	if n := len(world.Mounts(t, s.Path("x"))); n != 2 {
		t.Errorf("%d mounts", n)
	}
	recovers(t, s, false, map[string]Action{"": Leave})
	remove(t, s, "x")
	recovers(t, s, false, map[string]Action{"": Remount})
	done(t, s, "x")
	if n := len(world.Mounts(t, s.Path("x"))); n != 1 {
		t.Errorf("%d mounts", n)
	}
	remove(t, s, "x")
	recovers(t, s, false, nil)
}

// Recover leaves any other directory alone: an empty file in it is no leftover of a namespace.
func TestRecoverOnlyRunDirectories(t *testing.T) {
	world.Clean(t)
	dir := world.Scratch + "/conf"
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	os.WriteFile(dir+"/empty", nil, 0o600)
	os.WriteFile(dir+"/full", []byte("text"), 0o600)
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	time.Sleep(foreignAge + time.Second)
	recovers(t, s, false, map[string]Action{"": Leave})
	var state *StateError
	if err := s.Delete(t.Context(), "empty", false); !errors.As(err, &state) {
		t.Errorf("Delete: %v", err)
	}
	if names, err := s.Names(); err != nil || strings.Join(names, " ") != "empty full" {
		t.Errorf("left %q, %v", names, err)
	}
}

// Before Recover removes a name, it asks again whether the name is mounted in another mount namespace.
func TestRecoverAsksAgain(t *testing.T) {
	s := prepared(t)
	done(t, s, "x")
	_, end := otherMountNS(t) // which has a copy of the mount
	if err := unix.Unmount(s.Path("x"), unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	r, err := s.survey()
	if err != nil {
		t.Fatal(err)
	}
	r.census = func() census { return nil } // taken before
	f, err := r.find(Entry{Name: "x", State: Unmounted})
	if err != nil || f.Action != Remove {
		t.Fatalf("%+v, %v", f, err)
	}
	f.Name, f.Path, f.State = "x", s.Path("x"), Unmounted
	if takeCensus() != nil {
		var state *StateError
		if err := r.act(t.Context(), f); !errors.As(err, &state) || state.State != Elsewhere {
			t.Errorf("act: %v", err)
		}
		inState(t, s, "x", Unmounted)
	}
	end()
	if err := r.act(t.Context(), f); err != nil {
		t.Error(err)
	}
	if _, err := s.Lookup("x"); !isMissing(err) {
		t.Errorf("x exists: %v", err)
	}
}
