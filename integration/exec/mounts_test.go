package exec

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// If a part of /sys is covered, as in a container, the kernel refuses a new /sys to a user namespace. The caller's /sys stays, and
// a warning says so.
func TestCoveredSys(t *testing.T) {
	world.Clean(t)
	in := func(command string) world.Result {
		return world.Sh(t, `unshare --mount --propagation private sh -c 'mount -t tmpfs none /sys/firmware && mount -t tmpfs run /run &&
			exec unshare --user --map-root-user --mount --net --pid --fork --mount-proc sh -c "mount -t tmpfs run /run; netns create -q x && exec `+command+`"'`)
	}
	for verb, name := range map[string]string{"exec": "x ", "run": ""} {
		in("netns "+verb+" "+name+"readlink /sys/class/net/lo").Want(t, 0, "netns: "+verb+": /sys remains the caller's: ")
		for _, words := range []string{"-q " + verb + " ", verb + " --net-only "} {
			if r := in("netns "+words+name+"true").Want(t, 0); r.Stderr != "" {
				t.Error(r)
			}
		}
	}
}

// A read-only /sys, as in a container, is replaced by a writable one, as by ip netns exec, unless the kernel demands that it stays
// read-only: then it is that, of the namespace.
func TestReadOnlySys(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	const flags = "findmnt --noheadings --output VFS-OPTIONS /sys | tail -n 1 | cut -d, -f1; ls /sys/class/net"
	for form, want := range map[string]string{
		"ip netns exec x": "rw\nlo\n", "netns exec x": "rw\nlo\n", "netns run": "rw\nlo\n", "netns exec --net-only x": "ro\nlo\n",
		"unshare --user --map-root-user netns run": "ro\nlo\n",
	} {
		r := world.Sh(t, "unshare --mount sh -c 'mount -o remount,bind,ro /sys; exec "+form+" sh -c \""+flags+"\"'").Want(t, 0)
		if strings.Contains(form, "net-only") { // the caller's, with the caller's links
			r.Stdout = strings.SplitAfter(r.Stdout, "\n")[0] + "lo\n"
		}
		if r.Stdout != want {
			t.Errorf("%s: %v, want %q", form, r, want)
		}
	}
}

// In a chroot whose root is no mount point, the kernel refuses to make mounts private. The message names the option with which exec
// works there.
func TestChroot(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	dir := world.TempDir(t)
	in := func(words string) world.Result {
		return world.Sh(t, "unshare --mount --propagation slave sh -c 'cd "+dir+" && mkdir -p proc sys run dev && cp $(command -v netns) netns && "+
			"mount --rbind /proc proc && mount --rbind /run run && mount --rbind /sys sys && mount --rbind /dev dev && exec chroot . /netns "+words+"'")
	}
	in("exec x /netns version").Want(t, 125, "mount /: ", "as in a chroot", "--net-only")
	in("run /netns version").Want(t, 125, "mount /: ", "as in a chroot", "--net-only")
	in("exec --net-only x /netns version").Want(t, 0)
	in("run --net-only /netns version").Want(t, 0)
}
