package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
)

// What we make, ip netns lists, enters and deletes, and the other way round, whoever set up the run directory.
func TestBothWays(t *testing.T) {
	for _, first := range []string{"ip netns add", "netns create"} {
		t.Run("first "+first, func(t *testing.T) {
			world.Clean(t)
			sh(t, fresh).want(t, 0)
			sh(t, first+" first").want(t, 0)

			netns(t, "create", "ours")
			run(t, "ip", "netns", "add", "theirs").want(t, 0)
			for _, list := range []string{"ip netns list | sort", "netns list"} {
				if r := sh(t, list).want(t, 0); r.stdout != "first\nours\ntheirs\n" {
					t.Error(r)
				}
			}
			for _, name := range []string{"ours", "theirs", "first"} {
				identity := func(enter string) string {
					return sh(t, enter+" "+name+" readlink /proc/self/ns/net").want(t, 0).stdout
				}
				if a, b := identity("ip netns exec"), identity("netns exec"); a != b {
					t.Errorf("in %s ip sees %s, netns %s", name, a, b)
				}
			}
			run(t, "netns", "create", "theirs").want(t, 4, "exists: ready")
			run(t, "ip", "netns", "add", "ours").want(t, 1, "File exists")
			sh(t, "ip -n ours link set lo down && ip -n ours link set lo up").want(t, 0)
			run(t, "ip", "netns", "del", "ours").want(t, 0)
			netns(t, "delete", "theirs", "first")
		})
	}
}

// An id that ip assigns, ours shows in its form.
func TestListShowsIDs(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "a", "b")
	defer netns(t, "delete", "a", "b")
	run(t, "ip", "netns", "set", "b", "7").want(t, 0)
	for _, list := range []string{"ip netns list | sort", "netns list", "netns ls", "netns show", "netns"} {
		if r := sh(t, list).want(t, 0); r.stdout != "a\nb (id: 7)\n" {
			t.Error(r)
		}
	}
	if r := netns(t, "list", "-o", "name"); r.stdout != "a\nb\n" {
		t.Error(r)
	}
	if r := netns(t, "list", "-o", "json"); !strings.Contains(r.stdout, `"nsid":7,`) {
		t.Error(r)
	}
	if r := netns(t, "list", "--dir", "/run/nope", "-o", "json"); r.stdout != "[]\n" {
		t.Error(r)
	}
}

// A namespace made before the run directory became a mount stays reachable and can be removed, by whoever made it: the
// hidden mount below does not stay (ip netns add leaves one, on which its del is busy for good).
func TestMountsFromBeforeTheRunDirectoryWasOne(t *testing.T) {
	for _, remove := range []string{"ip netns del early", "netns delete early", "umount -l /run/netns/early && rm /run/netns/early"} {
		t.Run(remove, func(t *testing.T) {
			world.Clean(t)
			sh(t, fresh+"; mkdir /run/netns").want(t, 0)
			sh(t, "touch /run/netns/early; unshare --net mount --bind /proc/self/ns/net /run/netns/early").want(t, 0)
			// unshare(1) has no private mounts here, so the mount is in this mount namespace.
			sh(t, "nsenter --net=/run/netns/early true").want(t, 0)
			netns(t, "create", "later")
			sh(t, "nsenter --net=/run/netns/early true").want(t, 0)
			if mounts := world.Mounts(t, "/run/netns/"); len(mounts) != 2 {
				t.Errorf("mounts: %q", mounts)
			}
			sh(t, remove).want(t, 0)
			netns(t, "delete", "later")
		})
	}
}

// Each namespace is mounted once, also where /run is shared, and the mount reaches other mount namespaces.
func TestMountedOnceAndPropagated(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	other := exec.Command("unshare", "--mount", "--propagation", "slave", "sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { other.Process.Kill(); other.Wait() }()
	inOther := func(command string) result {
		return run(t, "nsenter", fmt.Sprintf("--target=%d", other.Process.Pid), "--mount", "--root", "sh", "-c", command)
	}
	until(t, func() bool { // it is in its own mount namespace
		theirs, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", other.Process.Pid))
		ours, _ := os.Readlink("/proc/self/ns/mnt")
		return theirs != "" && theirs != ours
	})
	netns(t, "create", "a", "b")
	if mounts := world.Mounts(t, "/run/netns/"); strings.Join(mounts, " ") != "/run/netns/a /run/netns/b" {
		t.Errorf("mounts: %q", mounts)
	}
	for _, name := range []string{"a", "b"} {
		inOther("nsenter --net=/run/netns/"+name+" true").want(t, 0)
	}
	if r := inOther("grep -c /run/netns/ /proc/self/mountinfo"); r.stdout != "2\n" {
		t.Error(r)
	}
	netns(t, "delete", "a", "b")
	if r := inOther("grep -c /run/netns/ /proc/self/mountinfo"); r.stdout != "0\n" {
		t.Error(r)
	}
}

// Inside a mount namespace that hides the mount, create warns; the host takes the name for what it is, and leaves it.
func TestCreateInAnotherMountNamespace(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "first")
	const private = "unshare --mount --propagation private "
	inside := command("sh", "-c", "exec "+private+`sh -c 'netns create hidden && read line && netns exec hidden true && netns list'`)
	inside.Env = append(os.Environ(), "PATH="+filepath.Dir(os.Getenv(binaryVar))+":"+os.Getenv("PATH"))
	stdin, err := inside.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan result)
	go func() { done <- finish(t, inside) }()
	until(t, func() bool { return len(world.Files(t, "/run/netns")) == 2 })
	time.Sleep(200 * time.Millisecond) // it has its name before it is done
	if r := netns(t, "list", "-o", "json"); !strings.Contains(r.stdout, `"state":"elsewhere"`) {
		t.Error(r)
	}
	// It lives in there, and nothing that only repairs takes it.
	run(t, "netns", "recover").want(t, 8, "1 of 1 left alone")
	run(t, "netns", "create", "hidden").want(t, 4, "mounted in another mount namespace", "netns delete --force")
	run(t, "netns", "delete", "hidden").want(t, 4, "mounted in another mount namespace", "--force")
	run(t, "netns", "exec", "hidden", "true").want(t, 125, "mounted in another mount namespace")
	fmt.Fprintln(stdin)
	r := (<-done).want(t, 0, "netns: warning: ", "this mount namespace only")
	if !strings.HasSuffix(r.stdout, "first\nhidden\n") {
		t.Error(r)
	}
	// That mount namespace is gone now, and recover finds that out if the kernel tells.
	if tellsMountNamespaces(t) {
		run(t, "netns", "exec", "hidden", "true").want(t, 125, "stale")
		if r := netns(t, "recover"); !strings.Contains(r.stdout, `Removed "/run/netns/hidden": `) {
			t.Error(r)
		}
		sh(t, private+"netns create -q hidden").want(t, 0)
	} else {
		run(t, "netns", "recover").want(t, 8, "1 of 1 left alone")
	}
	netns(t, "delete", "--force", "hidden")

	// Where the mount is seen outside, there is nothing to warn of.
	sh(t, "unshare --mount --propagation unchanged netns create seen").want(t, 0)
	if r := sh(t, "unshare --mount --propagation unchanged netns create -q seen2"); r.stderr != "" || r.stdout != "" {
		t.Error(r)
	}
	netns(t, "delete", "first", "seen", "seen2")
}

// A mount that somebody took away by hand leaves a file that says so.
func TestUnmountedByHand(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "a", "b")
	sh(t, "umount /run/netns/a").want(t, 0)
	run(t, "netns", "create", "a").want(t, 4, "unmounted by hand", "netns delete")
	run(t, "netns", "exec", "a", "true").want(t, 125, "unmounted by hand", "netns delete")
	if r := netns(t, "list", "-o", "json"); !strings.Contains(r.stdout, `"name":"a","path":"/run/netns/a","state":"unmounted"`) {
		t.Error(r)
	}
	netns(t, "delete", "a", "b")
}

// Both in a loop on the same names, and an exec beside: ours never harms theirs, nor sees EINVAL.
func TestBesideIPNetns(t *testing.T) {
	world.Clean(t)
	creatable(t, "x")
	var loops sync.WaitGroup
	loop := func(script string, may ...int) {
		loops.Go(func() {
			for range 40 {
				r := sh(t, script)
				ok := r.code == 0
				for _, code := range may {
					ok = ok || r.code == code
				}
				if !ok || strings.Contains(r.stderr, "invalid argument") {
					t.Error(r)
				}
			}
		})
	}
	loop("ip netns add x; ip netns del x", 1)
	loop("netns create -q x", 4, 5) // 5: ip netns del took the file away that was to be mounted on
	loop("netns delete x", 3, 5)
	loop("netns exec x true", 125)
	loop("netns recover", 5, 8) // 8: what ip netns add has not mounted yet is left alone
	loop("netns create -q y && netns delete y")
	loops.Wait()
	sh(t, "netns delete --if-exists --force x").want(t, 0)
}
