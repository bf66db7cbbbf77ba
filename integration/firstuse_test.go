package integration

import (
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// firstUse takes the run directory away, and whatever is beside it.
func firstUse(t *testing.T) {
	t.Helper()
	for unix.Unmount("/run/netns", 0) == nil {
	}
	if err := os.RemoveAll("/run/netns"); err != nil {
		t.Fatal(err)
	}
}

// beside returns what the first use left in /run, hidden files too.
func beside(t *testing.T) (left []string) {
	t.Helper()
	for _, name := range world.Files(t, "/run") {
		if strings.HasPrefix(name, ".") {
			left = append(left, name)
		}
	}
	return left
}

// A first use that is killed, wherever it is, leaves no directory that others cannot list, whoever comes next. Ours also takes
// away what it has left beside the directory.
func TestFirstUseKilled(t *testing.T) {
	world.Clean(t)
	for _, call := range []string{"chmod,fchmod,fchmodat", "rename,renameat,renameat2", "move_mount"} {
		for _, next := range []string{"ip netns add a", "netns create -q a"} {
			firstUse(t)
			sh(t, "umask 077; strace -f -qq -o /dev/null -e inject="+call+":signal=KILL netns --dir /run/netns create -q x").want(t, 128+9)
			sh(t, next).want(t, 0)
			run(t, asNobody("netns", "list")...).want(t, 0)
			if r := run(t, asNobody("ls", "/run/netns")...).want(t, 0); r.stdout != "a\n" {
				t.Errorf("killed at %s, then %s: %v", call, next, r)
			}
			netns(t, "delete", "a")
			if !strings.HasPrefix(next, "ip") && len(beside(t)) > 0 {
				t.Errorf("killed at %s: left %q", call, beside(t))
			}
			firstUse(t)
			creatable(t, "a")
			if left := beside(t); len(left) > 0 {
				t.Errorf("killed at %s, at the next first use: left %q", call, left)
			}
		}
	}
}

// Both commands may be the first at the same moment, and neither hears of the other.
func TestFirstUseBesideIP(t *testing.T) {
	world.Clean(t)
	for range 8 {
		firstUse(t)
		sh(t, "netns create -q a & p=$!; ip netns add b && wait $p").want(t, 0)
		netns(t, "exec", "a", "true")
		netns(t, "exec", "b", "true")
		if mounts := world.Mounts(t, "/run/netns"); len(mounts) < 3 || mounts[1] == "/run/netns" {
			t.Errorf("mounts: %q", mounts)
		}
		run(t, "netns", "delete", "-q", "a", "b").want(t, 0)
		if mounts := world.Mounts(t, "/run/netns/"); len(mounts) > 0 {
			t.Errorf("left %q", mounts)
		}
	}
}

// What a user can do to the first use: hold the flock on a directory that is there, for as long as it likes.
func TestFirstUseBesideFlock(t *testing.T) {
	world.Clean(t)
	firstUse(t)
	sh(t, `mkdir /run/netns; setpriv --reuid 1234 --regid 1234 --clear-groups flock --no-fork /run/netns sleep 60 & p=$!
		while flock -n /run/netns true; do :; done; timeout 4 netns create -q a; code=$?; kill $p; exit $code`).want(t, 0)
	netns(t, "delete", "a")
}

// A service that is not root, with all the capabilities that it takes, does not make the directory that root would not trust.
func TestFirstUseOfAService(t *testing.T) {
	world.Clean(t)
	firstUse(t)
	const (
		caps    = "+sys_admin,+net_admin,+net_raw,+dac_override"
		service = "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps " + caps + " --ambient-caps " + caps + " netns "
	)
	sh(t, service+"create -q a").want(t, 6, "create a: mkdir /run/netns: operation not permitted: root makes the default run directory", "install -d")
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	sh(t, "mkdir -m 755 /run/netns && "+service+"create -q a").want(t, 0) // as tmpfiles.d does it
	netns(t, "exec", "a", "true")
	netns(t, "delete", "a")
	if left := beside(t); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	// In a user namespace of its own root is root.
	sh(t, `unshare -U -r -m sh -c 'mount -t tmpfs run /run && netns create -q a && netns exec a true && stat -c %a /run/netns'`).want(t, 0)
}
