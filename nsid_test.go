//go:build linux

package netns_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// A namespace gets an id once, from the caller or from the kernel. With its id, PeerIDsOf finds the ids that it has for others.
func TestNSID(t *testing.T) {
	world.Clean(t)
	a, b := create(t, "a"), create(t, "b")
	defer remove(t, a, "a")
	defer remove(t, b, "b")
	var invalid *netns.ArgumentError
	if err := a.SetNSID(-1); !errors.As(err, &invalid) {
		t.Errorf("a negative id: %v", err)
	}
	before, err := netns.PeerIDs()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SetNSID(4711); err != nil {
		t.Fatal(err)
	}
	chosen, err := b.AssignNSID()
	if err != nil {
		t.Fatal(err)
	}
	for ns, want := range map[*netns.Namespace]int{a: 4711, b: chosen} {
		if id, assigned, err := ns.NSID(); err != nil || !assigned || id != want {
			t.Errorf("%s has %d, %v, %v; want %d", ns.Path(), id, assigned, err, want)
		}
		var taken *netns.NSIDError
		if id, err := ns.AssignNSID(); !errors.As(err, &taken) || !taken.Own || taken.ID != want || id != want {
			t.Errorf("%s, a second id: %d, %v", ns.Path(), id, err)
		}
		if err := ns.SetNSID(4712); !errors.As(err, &taken) || !taken.Own || taken.ID != want || !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s, a second id: %v", ns.Path(), err)
		}
	}
	after, err := netns.PeerIDs()
	if err != nil || len(after) != len(before)+2 || !slices.Contains(after, 4711) || !slices.Contains(after, chosen) || !slices.IsSorted(after) {
		t.Errorf("ids %v, then %v, %v", before, after, err)
	}
	inside(t, a, func() error { return b.SetNSID(7) })
	inside(t, a, func() error { _, err := a.AssignNSID(); return err })
	peers, err := netns.PeerIDsOf(4711)
	if err != nil || !slices.Contains(peers, netns.PeerID{ID: 7, Own: chosen, Known: true}) || len(peers) != 2 {
		t.Errorf("the ids of a: %+v, %v", peers, err)
	}
	unknown := create(t, "c") // the caller's namespace has no id for it
	defer remove(t, unknown, "c")
	inside(t, a, func() error { return unknown.SetNSID(9) })
	if peers, err := netns.PeerIDsOf(4711); err != nil || !slices.Contains(peers, netns.PeerID{ID: 9}) {
		t.Errorf("the ids of a: %+v, %v", peers, err)
	}
	for _, id := range []int{4712, -1} {
		var missing *netns.NotExistError
		if _, err := netns.PeerIDsOf(id); !errors.As(err, &missing) {
			t.Errorf("the ids of %d: %v", id, err)
		}
	}
}

func inside(t *testing.T, ns *netns.Namespace, f func() error) {
	t.Helper()
	if err := ns.Do(t.Context(), f); err != nil {
		t.Error(err)
	}
}
