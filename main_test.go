//go:build linux

package netns_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(world.Main(m)) }

func create(t *testing.T, name string) *netns.Namespace {
	t.Helper()
	ns, err := netns.New(t.Context(), name, netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

func remove(t *testing.T, ns *netns.Namespace, name string) {
	t.Helper()
	if err := ns.Close(); err != nil {
		t.Error(err)
	}
	if err := netns.Delete(t.Context(), name, netns.DeleteOptions{MustExist: true}); err != nil {
		t.Error(err)
	}
}

func current(t *testing.T) string {
	t.Helper()
	ns, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

// Do is inside, and never on the main thread; the thread is back outside when another goroutine gets it.
func TestDo(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	own := current(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			err := ns.Do(t.Context(), func() error {
				if current(t) == own || unix.Gettid() == unix.Getpid() {
					t.Error("outside, or on the main thread")
				}
				return unix.EIO
			})
			if err != unix.EIO {
				t.Errorf("error %v", err)
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if current(t) != own {
				t.Error("a thread came back from inside")
			}
		})
	}
	all.Wait()
	if err := ns.Do(t.Context(), func() error { runtime.Goexit(); return nil }); err == nil {
		t.Error("a function that did not return is no error")
	}
	if main, err := os.Readlink("/proc/self/ns/net"); err != nil || main != own {
		t.Errorf("the main thread is in %s, %v", main, err)
	}
}

func TestOpen(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	if ns.Path() != "/run/netns/x" {
		t.Error(ns.Path())
	}
	if id, err := ns.NSID(); err != nil || id != -1 {
		t.Errorf("nsid %d, %v", id, err)
	}
	dir, err := netns.OpenDir("")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	entry, same, err := dir.LookupOpen("x")
	if err != nil || entry != (netns.Entry{Name: "x", State: netns.Ready, Inode: ns.ID()}) || same.ID() != ns.ID() || same.Path() != ns.Path() {
		t.Errorf("LookupOpen: %+v, %v, %v", entry, same, err)
	} else {
		same.Close()
	}
	remove(t, ns, "x")
	for _, dir := range []string{"", "/run/nope"} {
		var notExist *netns.NotExistError
		open, err := netns.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, ns, err := open.LookupOpen("x"); !errors.As(err, &notExist) || ns != nil {
			t.Errorf("LookupOpen: %v", err)
		}
		open.Close()
		if _, err := netns.Open(dir, "x"); !errors.As(err, &notExist) {
			t.Errorf("Open: %v", err)
		}
		if _, err := netns.Lookup(dir, "x"); !errors.As(err, &notExist) {
			t.Errorf("Lookup: %v", err)
		}
		if err := netns.Delete(t.Context(), "x", netns.DeleteOptions{Dir: dir, MustExist: true}); !errors.As(err, &notExist) {
			t.Errorf("Delete: %v", err)
		}
		if err := netns.Delete(t.Context(), "x", netns.DeleteOptions{Dir: dir}); err != nil {
			t.Errorf("Delete: %v", err)
		}
		for entry, err := range netns.List(dir) {
			t.Errorf("List: %v, %v", entry, err)
		}
	}
	if err := netns.Create(t.Context(), nil, netns.Options{}); err == nil {
		t.Error("no names are no error")
	}
}

// The program that the README shows is one that compiles, with all the others.
func TestReadmeShowsTheProgram(t *testing.T) {
	program, err := os.ReadFile("integration/examples/embed/main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+string(program)+"```\n") {
		t.Error("README.md and integration/examples/embed/main.go differ")
	}
}
