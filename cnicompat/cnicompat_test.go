package cnicompat_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/containernetworking/plugins/pkg/ns"
	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cnicompat"
	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.Main(m)) }

func create(t *testing.T, name string) (*netns.Namespace, ns.NetNS) {
	t.Helper()
	n, err := netns.New(t.Context(), name, netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(n.Delete(t.Context()), n.Close()); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return n, cnicompat.NetNS(n)
}

// here returns the namespace of the calling thread, as CNI sees it.
func here(t *testing.T) string {
	t.Helper()
	seen, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Error(err)
	}
	return seen
}

func shown(n *netns.Namespace) string { return fmt.Sprintf("net:[%d]", n.ID()) }

// Do runs its callback inside and gives it the caller's namespace. Do can be nested, and can go back into that namespace.
func TestDo(t *testing.T) {
	world.Clean(t)
	a, cniA := create(t, "a")
	b, cniB := create(t, "b")
	own := here(t)
	err := cniA.Do(func(host ns.NetNS) error {
		if here(t) != shown(a) {
			t.Errorf("in %s, want %s", here(t), shown(a))
		}
		return errors.Join(
			cniB.Do(func(caller ns.NetNS) error {
				if here(t) != shown(b) {
					t.Errorf("in %s, want %s", here(t), shown(b))
				}
				return caller.Do(func(ns.NetNS) error {
					if here(t) != shown(a) {
						t.Errorf("back in %s, want %s", here(t), shown(a))
					}
					return nil
				})
			}),
			host.Do(func(ns.NetNS) error {
				if here(t) != own {
					t.Errorf("outside in %s, want %s", here(t), own)
				}
				return os.ErrProcessDone
			}))
	})
	if !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("the callback's error: %v", err)
	}
	if here(t) != own {
		t.Errorf("the caller is in %s", here(t))
	}
}

// Set moves the thread, CNI's own functions take Path and Fd, and Path is right after Close.
func TestSetAndClose(t *testing.T) {
	world.Clean(t)
	n, cni := create(t, "x")
	done := make(chan string)
	go func() {
		runtime.LockOSThread() // and no unlock
		if err := cni.Set(); err != nil {
			t.Error(err)
		}
		done <- here(t)
	}()
	if seen := <-done; seen != shown(n) {
		t.Errorf("Set moved to %s, want %s", seen, shown(n))
	}
	theirs, err := ns.GetNS(cni.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	for _, path := range []string{theirs.Path(), fmt.Sprintf("/proc/self/fd/%d", cni.Fd())} {
		if opened, err := netns.OpenPath(path); err != nil || opened.ID() != n.ID() {
			t.Errorf("%s: %v", path, err)
		} else {
			opened.Close()
		}
	}
	if err := cni.Close(); err != nil {
		t.Error(err)
	}
	if cni.Path() != "/run/netns/x" || cni.Close() == nil || cni.Do(func(ns.NetNS) error { return nil }) == nil {
		t.Error("after Close")
	}
	if err := netns.Delete(t.Context(), "x", netns.DeleteOptions{MustExist: true}); err != nil {
		t.Error(err)
	}
}
