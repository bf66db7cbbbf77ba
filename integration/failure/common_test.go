package failure

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"github.com/netns-go/netns/stages"
)

// The seven common errors of people who make namespaces, each provoked.

// 1. Permission denied: making a namespace needs CAP_SYS_ADMIN.
func TestCommonErrorNoPrivilege(t *testing.T) {
	world.Clean(t)
	asNobody := world.AsNobody("netns")
	nobody := func(args ...string) world.Result { return world.Run(t, append(asNobody, args...)...) }

	world.Sh(t, world.RemoveRunDir).Want(t, 0) // no run directory yet
	nobody("create", "demo").Want(t, 6, "create demo: ", "needs CAP_SYS_ADMIN; run it with sudo")
	// The user could make this directory, but not use it, so it does not stay either.
	const nobodys = "/srv/tmp/nobodys-netns" // not in /tmp, which the two worlds share
	world.Sh(t, "mkdir -m 1777 /srv/tmp").Want(t, 0)
	defer os.RemoveAll("/srv/tmp")
	nobody("create", "demo", "--dir", nobodys).Want(t, 6, "needs CAP_SYS_ADMIN; run it with sudo")
	if _, err := os.Lstat(nobodys); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
	nobody("list").Want(t, 0)

	world.Netns(t, "create", "other")
	defer world.Netns(t, "delete", "other")
	nobody("create", "demo").Want(t, 6, "create demo: ", "operation not permitted", "needs CAP_SYS_ADMIN; run it with sudo")
	nobody("create", "other").Want(t, 6, "needs CAP_SYS_ADMIN")
	nobody("create", "--dry-run", "other").Want(t, 4, "other: exists: ready")
	nobody("delete", "other").Want(t, 6, "delete other: ", "CAP_SYS_ADMIN; run it with sudo")
	nobody("exec", "other", "true").Want(t, 125, "exec other: ", "CAP_SYS_ADMIN; run it with sudo")
	for _, format := range [][]string{{"list"}, {"list", "-o", "name"}} {
		if r := nobody(format...).Want(t, 0); r.Stdout != "other\n" {
			t.Error(r)
		}
	}
	if r := nobody("list", "-o", "json").Want(t, 0); !strings.Contains(r.Stdout, `"name":"other","path":"/run/netns/other","state":"ready"`) {
		t.Error(r)
	}
}

// 2. rtnetlink refuses: lo needs CAP_NET_ADMIN, and the echo CAP_NET_RAW.
func TestCommonErrorMissingCapability(t *testing.T) {
	world.Clean(t)
	for capability, stage := range map[string]string{
		"sys_admin": "", "net_admin": "demo: loopback: ", "net_raw": "demo: verify: ",
	} {
		r := world.Run(t, "setpriv", "--bounding-set=-"+capability, "netns", "create", "demo")
		r.Want(t, 6, "netns: create", stage, "operation not permitted", "needs CAP_"+strings.ToUpper(capability))
		if strings.Contains(r.Stderr, "sudo") {
			t.Errorf("root is told to use sudo: %v", r)
		}
	}
	world.Netns(t, "create", "--dry-run", "demo")
	// CAP_SYS_ADMIN does not help to write to another user's run directory.
	world.Creatable(t, "demo")
	world.Sh(t, "chmod 555 /run/netns").Want(t, 0)
	world.Run(t, "setpriv", "--bounding-set=-dac_override", "netns", "create", "demo").
		Want(t, 6, "create demo: open /run/netns: permission denied: ", "needs CAP_DAC_OVERRIDE")
	world.Sh(t, "chmod 755 /run/netns").Want(t, 0)
	// The message does not blame a capability for another reason.
	world.Run(t, "netns", "create", "demo", "--sysctl", "net.ipv6.conf.all.disable_ipv6=1", "--address", "2001:db8::1/128").
		Want(t, 1, "create: demo: address: add 2001:db8::1/128 to lo: permission denied\n")
}

// 3. lo is down, although a stage set it up.
func TestCommonErrorLoopbackDown(t *testing.T) {
	world.Clean(t)
	err := runPlan(t.Context(), []string{"demo"}, false, stages.Loopback(), teststage.Step("lo-down"), stages.Verify())
	if err == nil || err.Error() != "demo: verify: lo is down" {
		t.Errorf("error %v", err)
	}
}

// 4. The network is unreachable: lo has no address.
func TestCommonErrorNoAddress(t *testing.T) {
	world.Clean(t)
	err := runPlan(t.Context(), []string{"demo"}, false, stages.Loopback(), teststage.Step("no-address"), stages.Verify())
	if err == nil || !strings.HasPrefix(err.Error(), "demo: verify: ") || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("error %v", err)
	}
	// The command tells the user what to do. Its own stages cannot leave lo without an address, so here the kernel fails.
	world.Run(t, "strace", "-f", "-o", "/dev/null", "-e", "inject=sendto:error=ENETUNREACH:when=1", "netns", "create", "demo").
		Want(t, 1, "create: demo: verify: ", "network is unreachable", "--verify=false leaves the check out")
}

// 5. Busy: the name is a mount point already.
func TestCommonErrorNameIsTaken(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "demo")
	defer world.Netns(t, "delete", "demo")
	before := world.Netns(t, "list", "-o", "json").Stdout
	world.Run(t, "netns", "create", "demo").Want(t, 4, "/run/netns/demo: exists: ready", "delete it first", "--if-not-exists")
	world.Run(t, "netns", "create", "other", "demo").Want(t, 4, "/run/netns/demo: exists: ready")
	if after := world.Netns(t, "list", "-o", "json").Stdout; after != before {
		t.Errorf("before %s after %s", before, after)
	}
	world.Run(t, "netns", "create", "--if-not-exists", "demo").Want(t, 0, "demo exists and is left as it is")
	r := world.Run(t, "netns", "create", "--if-not-exists", "demo", "other").Want(t, 0)
	if !strings.Contains(r.Stdout, "'other'") || strings.Contains(r.Stdout, "'demo'") {
		t.Error(r)
	}
	world.Netns(t, "delete", "other")
}

// 6. No lo: this cannot happen, because the kernel makes lo before unshare(2) returns (loopback_net_init, one of the
// operations that setup_net runs). For a failure to find it all the same, see TestInjectedFailure/socket_inside.

// 7. Something hangs: everything that waits has a limit, and --timeout limits the whole.
func TestCommonErrorHang(t *testing.T) {
	world.Clean(t)
	// The child stops in the middle of its work, and does not end by itself.
	start := time.Now()
	world.Run(t, "strace", "-f", "-o", "/dev/null", "-e", "inject=unshare:signal=STOP:when=1",
		"netns", "create", "--timeout", "300ms", "demo").Want(t, 124, "create demo: timed out after 300ms, and nothing is left\n")
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	world.Creatable(t, "demo")
}
