package compat

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// netns shows an id that ip assigned, in the form of ip.
func TestListShowsIDs(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "a", "b")
	defer world.Netns(t, "delete", "a", "b")
	world.Run(t, "ip", "netns", "set", "b", "7").Want(t, 0)
	for _, list := range []string{"ip netns list | sort", "netns list", "netns ls", "netns show", "netns"} {
		if r := world.Sh(t, list).Want(t, 0); r.Stdout != "a\nb (id: 7)\n" {
			t.Error(r)
		}
	}
	if r := world.Netns(t, "list", "-o", "name"); r.Stdout != "a\nb\n" {
		t.Error(r)
	}
	if r := world.Netns(t, "list", "-o", "json"); !strings.Contains(r.Stdout, `"nsid":7,`) {
		t.Error(r)
	}
	if r := world.Netns(t, "list", "--dir", "/run/nope", "-o", "json"); r.Stdout != "[]\n" {
		t.Error(r)
	}
}

// netns and ip set the same ids, and show them in the same words.
func TestNSIDs(t *testing.T) {
	world.Clean(t)
	world.NoIDs(t)
	world.Netns(t, "create", "-q", "a", "b", "c")
	defer world.Netns(t, "delete", "a", "b", "c")
	world.Netns(t, "set", "a", "5")
	world.Netns(t, "set", "b", "0x10")
	world.Sh(t, "ip -n a netns set b 77").Want(t, 0)
	for _, args := range []string{"", " target-nsid 5", " nsid 16", " nsid 16 target-nsid 5", " nsid 5 target-nsid 5"} {
		ours := world.Sh(t, "netns list-id"+args).Want(t, 0)
		if ip := world.Sh(t, "ip netns list-id"+args).Want(t, 0); ip.Stdout != ours.Stdout {
			t.Errorf("%v\n%v", ip, ours)
		}
		if strings.Count(ours.Stdout, "nsid ") == 0 {
			t.Error(ours)
		}
	}
	if r := world.Netns(t, "list-id", "target-nsid", "5", "-o", "json"); r.Stdout !=
		`[{"version":1,"nsid":77,"current_nsid":16,"names":["b"]}]`+"\n" {
		t.Error(r)
	}

	world.Run(t, "netns", "set", "a", "6").Want(t, 4, "it has the nsid 5")
	world.Run(t, "netns", "set", "a", "auto").Want(t, 4, "it has the nsid 5")
	world.Run(t, "netns", "set", "c", "5").Want(t, 4, "another namespace has the nsid 5")
	world.Netns(t, "set", "c", "auto")
	if r := world.Netns(t, "list"); !strings.Contains(r.Stdout, "c (id: 0)\n") {
		t.Error(r)
	}
	for _, id := range []string{"-3", "x", "", "4294967295", "1.5"} {
		world.Run(t, "netns", "set", "c", id).Want(t, 2, "is not an nsid")
	}
	for _, args := range []string{"set", "set a", "list-id x", "list-id nsid", "list-id nsid x", "list-id -o name"} {
		world.Sh(t, "netns "+args).Want(t, 2, "netns: ")
	}
	world.Run(t, "netns", "set", "nope", "1").Want(t, 3, "no such network namespace")
	world.Run(t, "netns", "list-id", "nsid", "9").Want(t, 3, "nsid 9")
	world.Run(t, "netns", "list-id", "target-nsid", "9").Want(t, 3, "nsid 9")
	world.Sh(t, world.Nobody+"netns set c 1").Want(t, 6, "CAP_NET_ADMIN")
	if r := world.Sh(t, world.Nobody+"netns list-id").Want(t, 0); strings.Count(r.Stdout, "\n") != 3 {
		t.Error(r)
	}
}
