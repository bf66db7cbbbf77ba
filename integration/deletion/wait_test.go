package deletion

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
)

// hold keeps the namespace x by a descriptor for some seconds.
func hold(t testing.TB, seconds string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", "exec sleep "+seconds+" 9</run/netns/x")
	world.Start(t, cmd, "sleep")
	return cmd
}

// untilGone waits until a link is gone, as the end of a veth pair whose other namespace ends.
func untilGone(t testing.TB, link string) {
	t.Helper()
	world.Until(t, func() bool { return world.Run(t, "ip", "link", "show", link).Code != 0 })
}

// When delete --wait returns, the kernel has taken down the namespace: the other end of its veth is gone, which is one of the
// last steps.
func TestDeleteWait(t *testing.T) {
	world.Clean(t)
	for range 10 {
		world.Netns(t, "create", "-q", "x", "y", "z")
		world.Sh(t, "ip link add v0 netns x type veth peer name v0 && ip link add v1 netns z type veth peer name v1").Want(t, 0)
		world.Netns(t, "delete", "--wait", "x", "y", "z")
		for _, end := range []string{"v0", "v1"} {
			world.Run(t, "ip", "link", "show", end).Want(t, 1, "does not exist")
		}
	}
}

// delete --wait waits for a held namespace until the timeout, and warns if that takes long.
func TestDeleteWaitHeld(t *testing.T) {
	world.Clean(t)
	const held = "x: the name is gone, but the namespace lives on: descriptor 9 of process "
	for _, test := range []struct {
		seconds, options string
		code             int
		stderr           string
		least            time.Duration
	}{
		{"0.5", "", 0, "", 300 * time.Millisecond},
		{"2.5", "", 0, "netns: warning: " + held, 1200 * time.Millisecond}, // it warns after a second, also if it starts late
		{"1.2", "--quiet --timeout=20s", 0, "", time.Second},
		{"60", "--timeout=300ms", 124, "netns: delete: timed out after 300ms: " + held, 300 * time.Millisecond},
		{"60", "--timeout=300ms --quiet y", 124, "netns: delete: timed out after 300ms: " + held, 300 * time.Millisecond},
	} {
		world.Netns(t, "create", "-q", "x", "y")
		world.Sh(t, "ip link add v0 netns x type veth peer name v0").Want(t, 0)
		cmd := hold(t, test.seconds)
		begin := time.Now()
		r := world.Sh(t, "netns delete x --wait "+test.options).Want(t, test.code, test.stderr)
		if took := time.Since(begin); took < test.least || strings.Count(r.Stderr, "\n") != min(len(test.stderr), 1) {
			t.Errorf("after %v: %v", took, r)
		}
		if test.code == 0 {
			world.Run(t, "ip", "link", "show", "v0").Want(t, 1, "does not exist")
		}
		if list := world.Netns(t, "list").Stdout; strings.Contains(list, "x") {
			t.Error(list)
		}
		cmd.Process.Kill()
		world.Netns(t, "delete", "--if-exists", "--wait", "y")
		untilGone(t, "v0")
	}
}

// An orphaned connection whose peer cannot be reached holds its namespace, and no process shows that.
func TestDeleteWaitClosing(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	world.Sh(t, `ip link add v0 type veth peer name v1 netns x && ip address add 10.98.0.1/24 dev v0 && ip link set v0 up &&
		netns exec x sh -c 'ip address add 10.98.0.2/24 dev v1 && ip link set v1 up &&
			echo 1 >/proc/sys/net/ipv4/tcp_orphan_retries'`).Want(t, 0)
	listener, err := net.Listen("tcp", "10.98.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	world.Sh(t, fmt.Sprintf("netns exec x bash -c 'exec 3<>/dev/tcp/10.98.0.1/%d; nsenter --net --target=%d ip link set v0 down'",
		listener.Addr().(*net.TCPAddr).Port, os.Getpid())).Want(t, 0)
	world.Run(t, "netns", "delete", "--wait", "--timeout=300ms", "x").Want(t, 124, "lives on: netns sees no holder", "TCP")
	untilGone(t, "v0")
}

func TestDeleteWaitEnds(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	for capability, needs := range map[string]string{"net_admin": "CAP_NET_ADMIN", "sys_admin": "CAP_SYS_ADMIN"} {
		world.Run(t, "setpriv", "--bounding-set=-"+capability, "netns", "delete", "--wait", "x").Want(t, 6, "needs "+needs)
	}
	if r := world.Netns(t, "list"); r.Stdout != "x\n" {
		t.Error(r)
	}
	hold(t, "60")
	cmd := world.Command("netns", "delete", "--wait", "x")
	time.AfterFunc(300*time.Millisecond, func() { cmd.Process.Signal(syscall.SIGTERM) })
	world.Finish(t, cmd).Want(t, 128+15, "ended by signal")
	// delete does not wait for a missing name, or for a name without a namespace.
	world.Run(t, "netns", "delete", "--wait", "x").Want(t, 3)
	world.Sh(t, ": >/run/netns/x").Want(t, 0)
	world.Run(t, "netns", "delete", "--wait", "--kill", "--force", "x", "y").Want(t, 3)
}
