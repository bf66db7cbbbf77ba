package compat

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// ip netns lists, enters and deletes the namespaces of netns, and netns those of ip netns; either may have set up the run directory.
func TestBothWays(t *testing.T) {
	for _, first := range []string{"ip netns add", "netns create"} {
		t.Run("first "+first, func(t *testing.T) {
			world.Clean(t)
			world.Sh(t, world.RemoveRunDir).Want(t, 0)
			world.Sh(t, first+" first").Want(t, 0)

			world.Netns(t, "create", "ours")
			world.Run(t, "ip", "netns", "add", "theirs").Want(t, 0)
			for _, list := range []string{"ip netns list | sort", "netns list"} {
				if r := world.Sh(t, list).Want(t, 0); r.Stdout != "first\nours\ntheirs\n" {
					t.Error(r)
				}
			}
			for _, name := range []string{"ours", "theirs", "first"} {
				identity := func(enter string) string {
					return world.Sh(t, enter+" "+name+" readlink /proc/self/ns/net").Want(t, 0).Stdout
				}
				if a, b := identity("ip netns exec"), identity("netns exec"); a != b {
					t.Errorf("in %s ip sees %s, netns %s", name, a, b)
				}
			}
			world.Run(t, "netns", "create", "theirs").Want(t, 4, "exists: ready")
			world.Run(t, "ip", "netns", "add", "ours").Want(t, 1, "File exists")
			world.Sh(t, "ip -n ours link set lo down && ip -n ours link set lo up").Want(t, 0)
			world.Run(t, "ip", "netns", "del", "ours").Want(t, 0)
			world.Netns(t, "delete", "theirs", "first")
		})
	}
}

// A namespace from before the run directory became a mount stays reachable, and each tool can remove it: no hidden mount
// stays below the directory. ip netns add leaves one, and ip netns del then fails with EBUSY for good.
func TestMountsFromBeforeTheRunDirectoryWasOne(t *testing.T) {
	for _, remove := range []string{"ip netns del early", "netns delete early", "umount -l /run/netns/early && rm /run/netns/early"} {
		t.Run(remove, func(t *testing.T) {
			world.Clean(t)
			world.Sh(t, world.RemoveRunDir+"; mkdir /run/netns").Want(t, 0)
			world.Sh(t, "touch /run/netns/early; unshare --net mount --bind /proc/self/ns/net /run/netns/early").Want(t, 0)
			// unshare(1) makes no mount namespace here, so the mount is in this one.
			world.Sh(t, "nsenter --net=/run/netns/early true").Want(t, 0)
			world.Netns(t, "create", "later")
			world.Sh(t, "nsenter --net=/run/netns/early true").Want(t, 0)
			if mounts := world.Mounts(t, "/run/netns/"); len(mounts) != 2 {
				t.Errorf("mounts: %q", mounts)
			}
			world.Sh(t, remove).Want(t, 0)
			world.Netns(t, "delete", "later")
		})
	}
}

// Each namespace is mounted once, also in a shared /run, and the mount reaches other mount namespaces.
func TestMountedOnceAndPropagated(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	other := exec.Command("unshare", "--mount", "--propagation", "slave", "sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { other.Process.Kill(); other.Wait() }()
	inOther := func(command string) world.Result {
		return world.Run(t, "nsenter", fmt.Sprintf("--target=%d", other.Process.Pid), "--mount", "--root", "sh", "-c", command)
	}
	world.Until(t, func() bool { // it is in its own mount namespace
		theirs, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", other.Process.Pid))
		ours, _ := os.Readlink("/proc/self/ns/mnt")
		return theirs != "" && theirs != ours
	})
	world.Netns(t, "create", "a", "b")
	if mounts := world.Mounts(t, "/run/netns/"); strings.Join(mounts, " ") != "/run/netns/a /run/netns/b" {
		t.Errorf("mounts: %q", mounts)
	}
	for _, name := range []string{"a", "b"} {
		inOther("nsenter --net=/run/netns/"+name+" true").Want(t, 0)
	}
	if r := inOther("grep -c /run/netns/ /proc/self/mountinfo"); r.Stdout != "2\n" {
		t.Error(r)
	}
	world.Netns(t, "delete", "a", "b")
	if r := inOther("grep -c /run/netns/ /proc/self/mountinfo"); r.Stdout != "0\n" {
		t.Error(r)
	}
}

// If a user unmounts a namespace by hand, its file shows that.
func TestUnmountedByHand(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "a", "b")
	world.Sh(t, "umount /run/netns/a").Want(t, 0)
	world.Run(t, "netns", "create", "a").Want(t, 4, "unmounted by hand", "netns delete")
	world.Run(t, "netns", "exec", "a", "true").Want(t, 125, "unmounted by hand", "netns delete")
	if r := world.Netns(t, "list", "-o", "json"); !strings.Contains(r.Stdout, `"name":"a","path":"/run/netns/a","state":"unmounted"`) {
		t.Error(r)
	}
	world.Netns(t, "delete", "a", "b")
}

// Both tools work in a loop on the same names, beside an exec: netns never harms a namespace of ip netns, nor gets EINVAL.
func TestBesideIPNetns(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "x")
	var loops sync.WaitGroup
	loop := func(script string, may ...int) {
		loops.Go(func() {
			for range 40 {
				r := world.Sh(t, script)
				ok := r.Code == 0
				for _, code := range may {
					ok = ok || r.Code == code
				}
				if !ok || strings.Contains(r.Stderr, "invalid argument") {
					t.Error(r)
				}
			}
		})
	}
	loop("ip netns add x; ip netns del x", 1)
	loop("netns create -q x", 4, 5) // 5: ip netns del removed the file before the mount
	loop("netns delete x", 3, 5)
	loop("netns exec x true", 125)
	loop("netns recover", 5, 8) // 8: recover does not touch a file on which ip netns add has not mounted yet
	loop("netns create -q y && netns delete y")
	loops.Wait()
	world.Sh(t, "netns delete --if-exists --force x").Want(t, 0)
}
