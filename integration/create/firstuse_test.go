package create

import (
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// firstUse removes the run directory, so that the next command is the first to use it.
func firstUse(t *testing.T) {
	t.Helper()
	for unix.Unmount("/run/netns", 0) == nil {
	}
	if err := os.RemoveAll("/run/netns"); err != nil {
		t.Fatal(err)
	}
}

// beside returns the hidden files that a first use left in /run.
func beside(t *testing.T) (left []string) {
	t.Helper()
	for _, name := range world.Files(t, "/run") {
		if strings.HasPrefix(name, ".") {
			left = append(left, name)
		}
	}
	return left
}

// A first use that is killed, at any call, never leaves a directory that other users cannot list, whichever tool comes next. The next
// netns also removes the leftovers beside the directory.
func TestFirstUseKilled(t *testing.T) {
	world.Clean(t)
	for _, call := range []string{"chmod,fchmod,fchmodat", "rename,renameat,renameat2", "move_mount"} {
		for _, next := range []string{"ip netns add a", "netns create -q a"} {
			firstUse(t)
			world.Sh(t, "umask 077; strace -f -qq -o /dev/null -e inject="+call+":signal=KILL netns --dir /run/netns create -q x").Want(t, 128+9)
			world.Sh(t, next).Want(t, 0)
			world.Run(t, world.AsNobody("netns", "list")...).Want(t, 0)
			if r := world.Run(t, world.AsNobody("ls", "/run/netns")...).Want(t, 0); r.Stdout != "a\n" {
				t.Errorf("killed at %s, then %s: %v", call, next, r)
			}
			world.Netns(t, "delete", "a")
			if !strings.HasPrefix(next, "ip") && len(beside(t)) > 0 {
				t.Errorf("killed at %s: left %q", call, beside(t))
			}
			firstUse(t)
			world.Creatable(t, "a")
			if left := beside(t); len(left) > 0 {
				t.Errorf("killed at %s, at the next first use: left %q", call, left)
			}
		}
	}
}

// Both tools may be the first at the same moment, and neither fails.
func TestFirstUseBesideIP(t *testing.T) {
	world.Clean(t)
	for range 8 {
		firstUse(t)
		world.Sh(t, "netns create -q a & p=$!; ip netns add b && wait $p").Want(t, 0)
		world.Netns(t, "exec", "a", "true")
		world.Netns(t, "exec", "b", "true")
		if mounts := world.Mounts(t, "/run/netns"); len(mounts) < 3 || mounts[1] == "/run/netns" {
			t.Errorf("mounts: %q", mounts)
		}
		world.Run(t, "netns", "delete", "-q", "a", "b").Want(t, 0)
		if mounts := world.Mounts(t, "/run/netns/"); len(mounts) > 0 {
			t.Errorf("left %q", mounts)
		}
	}
}

// Any user can hold the flock on an existing directory for any time. The first use does not wait for it.
func TestFirstUseBesideFlock(t *testing.T) {
	world.Clean(t)
	firstUse(t)
	world.Sh(t, `mkdir /run/netns; setpriv --reuid 1234 --regid 1234 --clear-groups flock --no-fork /run/netns sleep 60 & p=$!
		while flock -n /run/netns true; do :; done; timeout 4 netns create -q a; code=$?; kill $p; exit $code`).Want(t, 0)
	world.Netns(t, "delete", "a")
}

// A service with all necessary capabilities does not make the run directory, because root would not trust it.
func TestFirstUseOfAService(t *testing.T) {
	world.Clean(t)
	firstUse(t)
	service := world.Service(world.EnoughCapabilities) + "netns "
	world.Sh(t, service+"create -q a").Want(t, 6, "create a: mkdir /run/netns: operation not permitted: root makes the default run directory", "install -d")
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	world.Sh(t, "mkdir -m 755 /run/netns && "+service+"create -q a").Want(t, 0) // as tmpfiles.d does
	world.Netns(t, "exec", "a", "true")
	world.Netns(t, "delete", "a")
	if left := beside(t); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	// In its own user namespace, root may make the directory.
	world.Sh(t, `unshare -U -r -m sh -c 'mount -t tmpfs run /run && netns create -q a && netns exec a true && stat -c %a /run/netns'`).Want(t, 0)
}

// A create that opens the run directory before it is a mount, and goes on after it became one, does not mount below it.
func TestFirstUseBesideAnother(t *testing.T) {
	world.Clean(t)
	world.Sh(t, world.RemoveRunDir).Want(t, 0)
	r := world.Delayed(t, func() { world.Netns(t, "create", "b") }, "mount:delay_enter=2000000:when=1", "netns", "create", "a")
	r.Want(t, 0)
	world.Sh(t, "netns exec a true && netns exec b true").Want(t, 0)
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 3 {
		t.Errorf("mounts: %q", mounts)
	}
	world.Netns(t, "delete", "a", "b")
}

// Another tool mounts a namespace in the run directory while the directory becomes a mount: the mount is hidden, but it stays.
func TestFirstUseBesideAnotherTool(t *testing.T) {
	world.Clean(t)
	world.Sh(t, world.RemoveRunDir+"; mkdir /run/netns").Want(t, 0)
	late := func() { world.Sh(t, "touch /run/netns/late; unshare --net=/run/netns/late true").Want(t, 0) }
	world.Delayed(t, late, "move_mount:delay_enter=2000000:when=1", "netns", "create", "a").Want(t, 0)
	world.Netns(t, "delete", "a")
	world.Sh(t, "umount /run/netns").Want(t, 0)
	world.Sh(t, "nsenter --net=/run/netns/late true && umount /run/netns/late && rm /run/netns/late").Want(t, 0)
}

// The kernel refuses a call to a service at its first use: no capability is missing, and sudo would not help.
func TestFirstUseRefused(t *testing.T) {
	world.Clean(t)
	for _, test := range []struct{ inject, want string }{
		{"move_mount:error=EACCES", "create a: move_mount /run/netns: permission denied: CAP_SYS_ADMIN is there, but "},
		{"move_mount:error=ENOSPC", "create a: move_mount /run/netns: no space left on device: a limit is reached, and fs.mount-max is "},
	} {
		firstUse(t)
		r := world.Sh(t, "mkdir -m 755 /run/netns; "+world.Service(world.EnoughCapabilities)+
			"strace -f -qq -o /dev/null -e inject="+test.inject+" netns create a").Want(t, 1, test.want)
		if strings.Contains(r.Stderr, "sudo") || strings.Contains(r.Stderr, "needs CAP_") {
			t.Error(r)
		}
		if left := beside(t); len(left) > 0 {
			t.Errorf("left %q", left)
		}
	}
}
