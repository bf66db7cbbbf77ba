package integration

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

// hold keeps the namespace x for a time by a descriptor.
func hold(t testing.TB, seconds string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", "exec sleep "+seconds+" 9</run/netns/x")
	start(t, cmd, "sleep")
	return cmd
}

// untilGone waits until a link is there no more, as one of a veth pair whose namespace ends.
func untilGone(t testing.TB, link string) {
	t.Helper()
	until(t, func() bool { return run(t, "ip", "link", "show", link).code != 0 })
}

// When delete --wait returns the namespace is taken down: the other end of its veth is gone, which is one of the last
// things that the kernel does.
func TestDeleteWait(t *testing.T) {
	world.Clean(t)
	for range 10 {
		netns(t, "create", "-q", "x", "y", "z")
		sh(t, "ip link add v0 netns x type veth peer name v0 && ip link add v1 netns z type veth peer name v1").want(t, 0)
		netns(t, "delete", "--wait", "x", "y", "z")
		for _, end := range []string{"v0", "v1"} {
			run(t, "ip", "link", "show", end).want(t, 1, "does not exist")
		}
	}
}

// It waits for what is held, says so if that takes long, and until the time is up.
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
		{"1.5", "", 0, "netns: warning: " + held, 1200 * time.Millisecond},
		{"1.2", "--quiet --timeout=20s", 0, "", time.Second},
		{"60", "--timeout=300ms", 124, "netns: delete: timed out after 300ms: " + held, 300 * time.Millisecond},
		{"60", "--timeout=300ms --quiet y", 124, "netns: delete: timed out after 300ms: " + held, 300 * time.Millisecond},
	} {
		netns(t, "create", "-q", "x", "y")
		sh(t, "ip link add v0 netns x type veth peer name v0").want(t, 0)
		cmd := hold(t, test.seconds)
		begin := time.Now()
		r := sh(t, "netns delete x --wait "+test.options).want(t, test.code, test.stderr)
		if took := time.Since(begin); took < test.least || strings.Count(r.stderr, "\n") != min(len(test.stderr), 1) {
			t.Errorf("after %v: %v", took, r)
		}
		if test.code == 0 {
			run(t, "ip", "link", "show", "v0").want(t, 1, "does not exist")
		}
		if list := netns(t, "list").stdout; strings.Contains(list, "x") {
			t.Error(list)
		}
		cmd.Process.Kill()
		netns(t, "delete", "--if-exists", "--wait", "y")
		untilGone(t, "v0")
	}
}

// A connection that its process left, and whose other side is not reached any more, holds its namespace where nobody sees it.
func TestDeleteWaitClosing(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	sh(t, `ip link add v0 type veth peer name v1 netns x && ip address add 10.98.0.1/24 dev v0 && ip link set v0 up &&
		netns exec x sh -c 'ip address add 10.98.0.2/24 dev v1 && ip link set v1 up &&
			echo 1 >/proc/sys/net/ipv4/tcp_orphan_retries'`).want(t, 0)
	listener, err := net.Listen("tcp", "10.98.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	sh(t, fmt.Sprintf("netns exec x bash -c 'exec 3<>/dev/tcp/10.98.0.1/%d; nsenter --net --target=%d ip link set v0 down'",
		listener.Addr().(*net.TCPAddr).Port, os.Getpid())).want(t, 0)
	run(t, "netns", "delete", "--wait", "--timeout=300ms", "x").want(t, 124, "lives on: nothing is seen that holds it", "TCP")
	untilGone(t, "v0")
}

func TestDeleteWaitEnds(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	for capability, needs := range map[string]string{"net_admin": "CAP_NET_ADMIN", "sys_admin": "CAP_SYS_ADMIN"} {
		run(t, "setpriv", "--bounding-set=-"+capability, "netns", "delete", "--wait", "x").want(t, 6, "needs "+needs)
	}
	if r := netns(t, "list"); r.stdout != "x\n" {
		t.Error(r)
	}
	hold(t, "60")
	cmd := command("netns", "delete", "--wait", "x")
	time.AfterFunc(300*time.Millisecond, func() { cmd.Process.Signal(syscall.SIGTERM) })
	finish(t, cmd).want(t, 128+15, "ended by signal")
	// A name that is not there, or is no namespace's, is not waited for.
	run(t, "netns", "delete", "--wait", "x").want(t, 3)
	sh(t, ": >/run/netns/x").want(t, 0)
	run(t, "netns", "delete", "--wait", "--kill", "--force", "x", "y").want(t, 3)
}
