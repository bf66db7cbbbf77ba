//go:build linux

package netns_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func TestOpen(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	if ns.Path() != "/run/netns/x" {
		t.Error(ns.Path())
	}
	if id, assigned, err := ns.NSID(); err != nil || assigned {
		t.Errorf("nsid %d, %v", id, err)
	}
	entry, same, err := open(t, "").LookupOpen("x")
	if err != nil || entry != (netns.Entry{Name: "x", State: netns.Ready, Inode: ns.ID()}) || same.ID() != ns.ID() || same.Path() != ns.Path() {
		t.Errorf("LookupOpen: %+v, %v, %v", entry, same, err)
	} else {
		same.Close()
	}
	remove(t, ns, "x")
	for _, path := range []string{"", "/run/nope"} {
		var notExist *netns.NotExistError
		dir := open(t, path)
		if _, ns, err := dir.LookupOpen("x"); !errors.As(err, &notExist) || ns != nil {
			t.Errorf("LookupOpen: %v", err)
		}
		if _, err := dir.Open("x"); !errors.As(err, &notExist) {
			t.Errorf("Open: %v", err)
		}
		if _, err := dir.Lookup("x"); !errors.As(err, &notExist) {
			t.Errorf("Lookup: %v", err)
		}
		if err := dir.Delete(t.Context(), "x", netns.DeleteOptions{MustExist: true}); !errors.As(err, &notExist) {
			t.Errorf("Delete: %v", err)
		}
		if err := dir.Delete(t.Context(), "x", netns.DeleteOptions{}); err != nil {
			t.Errorf("Delete: %v", err)
		}
		for entry, err := range dir.List() {
			t.Errorf("List: %v, %v", entry, err)
		}
	}
	if err := netns.Create(t.Context(), nil, netns.Options{}); err == nil {
		t.Error("no names are no error")
	}
}

// A Dir finds what its path leads to now, not what the path led to when the Dir was opened.
func TestDirFollowsItsPath(t *testing.T) {
	world.Clean(t)
	const path = "/run/later"
	dir := open(t, path) // missing
	has := func(want ...string) {
		t.Helper()
		if got, err := dir.Names(); err != nil || !slices.Equal(got, want) {
			t.Errorf("names %q, %v; want %q", got, err, want)
		}
		for _, name := range want {
			entry, ns, err := dir.LookupOpen(name)
			if err != nil || entry.State != netns.Ready || ns == nil {
				t.Errorf("%s: %+v, %v", name, entry, err)
				continue
			}
			ns.Close()
		}
	}
	has()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	has() // a directory, and no mount
	if err := open(t, path).Create(t.Context(), []string{"a"}, netns.Options{}); err != nil {
		t.Fatal(err)
	}
	has("a") // a mount
	if err := dir.Delete(t.Context(), "a", netns.DeleteOptions{MustExist: true}); err != nil {
		t.Error(err)
	}
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	has() // the directory below
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	has() // missing again
	var missing *netns.NotExistError
	if _, err := dir.Open("a"); !errors.As(err, &missing) || missing.Path != path+"/a" {
		t.Errorf("a missing directory: %v", err)
	}
	dir.Close()
	if _, err := dir.Names(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	for _, err := range dir.List() {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
}

// Many goroutines use a Dir while its path changes. None of them has a directory closed under it.
func TestDirFollowsWhileInUse(t *testing.T) {
	world.Clean(t)
	const path = "/run/changing"
	dir := open(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for ctx.Err() == nil {
				if _, err := dir.Names(); err != nil {
					t.Errorf("Names: %v", err)
				}
				_, ns, err := dir.LookupOpen("x")
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Errorf("LookupOpen: %v", err)
				}
				if ns != nil {
					ns.Close()
				}
			}
		})
	}
	for range 300 {
		err := errors.Join(os.Mkdir(path, 0o755), unix.Mount(path, path, "", unix.MS_BIND, ""),
			unix.Unmount(path, unix.MNT_DETACH), os.Remove(path))
		if err != nil {
			t.Error(err)
		}
	}
	cancel()
	users.Wait()
}

// DeleteAt takes a directory and a name in it as one path.
func TestDeleteAt(t *testing.T) {
	world.Clean(t)
	ns, err := netns.NewAt(t.Context(), "/run/nope/netns/x", netns.Options{})
	if !errors.Is(err, os.ErrNotExist) || ns != nil {
		t.Fatalf("a missing parent: %v", err)
	}
	if ns, err = netns.NewAt(t.Context(), "/run/netns/x", netns.Options{}); err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	if err := netns.DeleteAt(t.Context(), ns.Path(), netns.DeleteOptions{MustExist: true}); err != nil {
		t.Error(err)
	}
	names(t, "")
	var missing *netns.NotExistError
	if err := netns.DeleteAt(t.Context(), ns.Path(), netns.DeleteOptions{MustExist: true}); !errors.As(err, &missing) {
		t.Errorf("a missing name: %v", err)
	}
	if err := netns.DeleteAt(t.Context(), "/nope/x", netns.DeleteOptions{}); err != nil {
		t.Errorf("a missing directory: %v", err)
	}
	var bad *netns.NameError
	if err := netns.DeleteAt(t.Context(), "/run/netns/", netns.DeleteOptions{}); !errors.As(err, &bad) {
		t.Errorf("no name: %v", err)
	}
}

// Release removes a run directory without names, and the next Create makes it again.
func TestRelease(t *testing.T) {
	world.Clean(t)
	const path = "/run/released"
	dir := open(t, path)
	for range 2 {
		if err := dir.Create(t.Context(), []string{"x"}, netns.Options{}); err != nil {
			t.Fatal(err)
		}
		var busy *netns.BusyError
		if err := dir.Release(t.Context()); !errors.As(err, &busy) {
			t.Errorf("with a name: %v", err)
		}
		if err := dir.Delete(t.Context(), "x", netns.DeleteOptions{MustExist: true}); err != nil {
			t.Error(err)
		}
		for range 2 { // the second time it is missing
			if err := dir.Release(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the directory: %v", err)
		}
	}
}
