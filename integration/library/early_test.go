package library

import (
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/prestart"
	"github.com/netns-go/netns/internal/world"
)

// A dead early child is replaced; an early child without work ends with the command.
func TestEarlyChild(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	end := prestart.Child()
	if n := len(world.Children()); n != 1 {
		t.Errorf("%d children", n)
	}
	syscall.Kill(world.Children()[0], syscall.SIGKILL)
	time.Sleep(100 * time.Millisecond) // until its socket is closed as well
	if err := netns.Create(t.Context(), []string{"a"}, netns.Options{}); err != nil {
		t.Error(err)
	}
	for _, o := range []netns.Options{{}, {Addresses: []string{"10.1.2.3/32"}}} {
		prestart.Child()
		if err := netns.Create(t.Context(), []string{"b"}, o); err != nil {
			t.Error(err)
		}
		world.Netns(t, "delete", "b")
	}
	end()
	if left := world.Children(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	world.Run(t, "netns", "create", "a").Want(t, 4)
	world.Run(t, "netns", "create", "--nope", "b").Want(t, 2)
	if left := world.Children(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	world.Netns(t, "delete", "a")
}
