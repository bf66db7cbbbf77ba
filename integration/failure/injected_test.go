package failure

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// The command undoes everything if a system call fails, in each stage; strace injects the failure.
func TestInjectedFailure(t *testing.T) {
	const path = "/proc/sys/net/ipv4/ip_forward"
	for _, test := range []struct {
		name, inject, path string
		code               int
		stderr             []string
	}{
		{"claim", "pwrite64:error=ENOSPC:when=1", "", 1, []string{"create: write /run/netns: no space left on device"}},
		{"socket", "socketpair:error=EMFILE", "", 1, []string{"socketpair: too many open files"}},
		{"unshare", "unshare:error=ENOSPC", "", 1,
			[]string{"create: a: unshare: no space left on device: a limit is reached, and user.max_net_namespaces is "}},
		{"unsupported", "unshare:error=EINVAL", "", 9, []string{"create: a: unshare: ", "CONFIG_NET_NS"}},
		{"sysctl open", "openat:error=EIO", path, 1, []string{"create: a: sysctl: open " + path + ": input/output error"}},
		{"sysctl write", "write:error=EROFS", path, 1,
			[]string{"create: a: sysctl: write " + path + ": read-only file system"}},
		{"socket inside", "ioctl:error=ENOBUFS:when=1", "", 1, []string{"create: a: loopback: find lo: ioctl SIOCGIFFLAGS: no buffer space"}},
		{"lo up", "ioctl:error=EPERM:when=2", "", 1, // no capability is missing: root has them
			[]string{"create: a: loopback: set lo up: ioctl SIOCSIFFLAGS: operation not permitted: CAP_NET_ADMIN is there, but something else refuses it"}},
		{"unshare of the second", "unshare:error=ENOMEM:when=2", "", 1, []string{"create: b: unshare: cannot allocate memory"}},
		{"lo up of the second", "ioctl:error=ENOBUFS:when=5", "", 1, []string{"create: b: loopback: set lo up: ioctl SIOCSIFFLAGS: no buffer"}},
		{"killed at unshare", "unshare:signal=KILL", "", 1, []string{"create: the child ended before its work was done: signal: killed"}},
		{"killed at the second link", "linkat:signal=KILL:when=2", "", 1, []string{"signal: killed"}},
		{"parent killed at the commit", "pwrite64:signal=KILL:when=2", "", 128 + 9, nil},
		{"address", "sendto:error=ENOMEM:when=1", "", 1,
			[]string{"create: a: address: add 10.1.2.3/32 to lo: cannot allocate memory"}},
		{"echo", "sendto:error=ENETUNREACH:when=2", "", 1,
			[]string{"create: a: verify: ICMP echo to 127.0.0.1: ", "network is unreachable", "--verify=false"}},
		{"link", "linkat:error=ENOSPC", "", 1, []string{"create: a: publish: link /run/netns/a: no space left"}},
		{"link of the second", "linkat:error=ENOSPC:when=2", "", 1, []string{"create: b: publish: link /run/netns/b"}},
		{"mount", "mount:error=ENOMEM:when=1", "", 1, []string{"create: a: publish: mount /run/netns/a: cannot allocate"}},
		{"mount of the second", "mount:error=ENOMEM:when=2", "", 1, []string{"create: b: publish: mount /run/netns/b"}},
		{"commit", "pwrite64:error=EIO:when=2", "", 1, []string{"create: commit: ", "input/output error"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			world.Clean(t)
			world.Netns(t, "create", "earlier") // so that the run directory exists, with a name to protect
			defer world.Netns(t, "delete", "earlier")
			args := []string{"strace", "-f", "-o", "/dev/null", "-e", "inject=" + test.inject}
			if test.path != "" {
				args = append(args, "-P", test.path)
			}
			// With an option before the verb, the parent makes its calls on one thread, see world.Delayed.
			args = append(args, "netns", "--quiet=false", "create", "--sysctl", "net.ipv4.ip_forward=1", "--address", "10.1.2.3/32", "a", "b")
			world.Run(t, args...).Want(t, test.code, test.stderr...)
			// A child without a parent may still roll back.
			world.Until(t, func() bool { return len(world.Files(t, "/run/netns")) == 1 })
			if got := world.Netns(t, "list").Stdout; got != "earlier\n" {
				t.Errorf("list shows %q", got)
			}
			world.Creatable(t, "a", "b")
		})
	}
}

// With several names, create publishes the complete ones, keeps the failed namespace, and does not make the rest.
func TestCommandKeepsOnFail(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "earlier")
	defer world.Netns(t, "delete", "earlier")
	inject := func(inject string) world.Result {
		return world.Run(t, "strace", "-f", "-o", "/dev/null", "-e", "inject="+inject,
			"netns", "create", "--rollback-on-fail=false", "a", "b", "c")
	}
	// The child makes three such calls for each namespace; the first finds lo and the second sets it up.
	r := inject("ioctl:error=ENOBUFS:when=5").Want(t, 8, "create: b: loopback: ", "kept b as it is", "kept 1 complete")
	list := world.Netns(t, "list", "-o", "json").Stdout
	if strings.Count(list, `"state":"ready"`) != 2 || !strings.Contains(list, `"state":"kept","stage":"loopback"`) {
		t.Errorf("%v\nand the list is %s", r, list)
	}
	world.Netns(t, "delete", "a", "b")
	world.Run(t, "netns", "delete", "c").Want(t, 3)

	inject("linkat:error=ENOSPC:when=2").Want(t, 8, "create: b: publish: ", "kept 1 complete")
	if got := world.Netns(t, "list").Stdout; got != "a\nearlier\n" {
		t.Errorf("list shows %q", got)
	}
	world.Netns(t, "delete", "a")

	inject("unshare:error=ENOSPC:when=1").Want(t, 1, "create: a: unshare: ")
}
