//go:build linux

package persist

import (
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

func TestLookupOpen(t *testing.T) {
	s := prepared(t)
	done(t, s, "done", "beside")
	k := mounted(t, s, "kept")
	if err := k.Keep("kept", "verify"); err != nil {
		t.Fatal(err)
	}
	k.Close()
	begun := claimed(t, s, "begun")
	os.Symlink("done", s.Path("link"))
	os.Symlink("nowhere", s.Path("dangling"))
	os.WriteFile(s.Path("uts"), nil, 0)
	os.WriteFile(s.Path("file"), nil, 0)
	os.Mkdir(s.Path("directory"), 0)
	unix.Mkfifo(s.Path("pipe"), 0)
	if err := unix.Mount("/proc/self/ns/uts", s.Path("uts"), "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		state State
		opens bool
	}{
		"done": {Ready, true}, "beside": {Ready, true}, "kept": {Kept, true}, "link": {Ready, true}, "uts": {OtherNamespace, false},
		"begun": {InProgress, false}, "dangling": {BrokenLink, false}, "file": {Foreign, false}, "directory": {Directory, false},
		"pipe": {FIFO, false},
	} {
		e, ns, err := s.LookupOpen(name)
		if err != nil || e.Name != name || e.State != want.state || (ns != nil) != want.opens {
			t.Errorf("%s: %+v, opened %v, %v; want %+v", name, e, ns != nil, err, want)
		}
		if looked, _ := s.Lookup(name); looked != e {
			t.Errorf("%s: %+v, but Lookup says %+v", name, e, looked)
		}
		if ns != nil {
			if st, err := sys.Fstat(ns); err != nil || st.Ino != e.Inode || !sys.IsNetwork(ns) {
				t.Errorf("%s: inode %d is open, %v; want %d", name, st.Ino, err, e.Inode)
			}
			ns.Close()
		}
	}
	var notExist *NotExistError
	if _, ns, err := s.LookupOpen("nope"); !errors.As(err, &notExist) || ns != nil {
		t.Errorf("no such name: %v", err)
	}
	var name *NameError
	if _, ns, err := s.LookupOpen("../netns/done"); !errors.As(err, &name) || ns != nil {
		t.Errorf("a bad name: %v", err)
	}
	begun.Close()
	for _, name := range []string{"link", "dangling", "file", "directory", "pipe"} {
		os.Remove(s.Path(name))
	}
	unix.Unmount(s.Path("uts"), 0)
	remove(t, s, "done", "beside", "kept", "begun", "uts")
}

// The open namespace is always the one that the entry describes, however the name changes.
func TestLookupOpenOfWhatChanges(t *testing.T) {
	s := prepared(t)
	done(t, s, "x")
	other := newNamespace(t)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range 500 {
			if err := unix.Mount(sys.FdPath(other), s.Path("x"), "", unix.MS_BIND, ""); err != nil {
				t.Error(err)
			}
			if err := unix.Unmount(s.Path("x"), unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}
	}()
	for changing := true; changing; {
		select {
		case <-over:
			changing = false
		default:
		}
		e, ns, err := s.LookupOpen("x")
		if err != nil || e.State != Ready {
			t.Errorf("%+v, %v", e, err)
		}
		if ns != nil {
			if st, err := sys.Fstat(ns); err != nil || st.Ino != e.Inode {
				t.Errorf("inode %d is open, %v, of %+v", st.Ino, err, e)
			}
			ns.Close()
		}
	}
	remove(t, s, "x")
}

// A done claim says nothing about another claim, and no more than one stays open.
func TestLastDone(t *testing.T) {
	s := prepared(t)
	done(t, s, "a", "b")
	done(t, s, "c")
	k := mounted(t, s, "k")
	if err := k.Keep("k", "verify"); err != nil {
		t.Fatal(err)
	}
	k.Close()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				for name, want := range map[string]State{"a": Ready, "b": Ready, "c": Ready, "k": Kept} {
					inState(t, s, name, want)
				}
			}
		})
	}
	all.Wait()
	inState(t, s, "a", Ready)
	if !s.isOfLastDone("b") || s.isOfLastDone("c") || s.isOfLastDone("k") || s.isOfLastDone("nope") {
		t.Error("the claim of a and b is not taken for theirs alone")
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	open := 0
	for _, f := range files {
		var st unix.Stat_t
		if unix.Stat("/proc/self/fd/"+f.Name(), &st) == nil {
			for _, name := range []string{"a", "c", "k"} {
				if below, err := s.openBare(name, unix.O_PATH); err == nil {
					if b, err := sys.Fstat(below); err == nil && b.Dev == st.Dev && b.Ino == st.Ino {
						open++
					}
					below.Close()
				}
			}
		}
	}
	if open != 1 {
		t.Errorf("%d claims are open, want 1", open)
	}
	remove(t, s, "a", "b", "c", "k")
}
