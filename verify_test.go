//go:build linux

package netns_test

import (
	"errors"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"github.com/vishvananda/netlink"
)

func TestVerify(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	if err := ns.Verify(); err != nil {
		t.Error(err)
	}
	err := ns.Do(t.Context(), func() error {
		lo, err := netlink.LinkByName("lo")
		return errors.Join(err, netlink.LinkSetDown(lo))
	})
	if err != nil {
		t.Fatal(err)
	}
	var stage *netns.StageError
	if err := ns.Verify(); !errors.As(err, &stage) || stage.Stage != "verify" || stage.Namespace != "" {
		t.Errorf("with lo down: %v", err)
	}
}

func TestUnshare(t *testing.T) {
	world.Clean(t)
	own := current(t)
	// On another thread than the main one, because that could not end.
	err := netns.Tour(func(func(*netns.Namespace) error) error {
		var argument *netns.ArgumentError
		err := netns.Unshare(netns.Options{Addresses: []string{"10.0.0.1/32", "nope"}})
		if !errors.As(err, &argument) || current(t) != own {
			t.Errorf("a bad address: %v", err)
		}
		if err := netns.Unshare(netns.Options{Addresses: []string{"10.0.0.1/32"}}); err != nil || current(t) == own {
			t.Errorf("Unshare: %v", err)
		}
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if addrs, err := netlink.AddrList(lo, netlink.FAMILY_V4); err != nil || len(addrs) != 2 {
			t.Errorf("addresses %v, %v", addrs, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if current(t) != own {
		t.Error("another thread was moved")
	}
}
