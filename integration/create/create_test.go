package create

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestCreateSaysWhatItMade(t *testing.T) {
	world.Clean(t)
	r := world.Netns(t, "create", "test-create-ns")
	defer world.Netns(t, "delete", "test-create-ns")
	want := "Created network namespace 'test-create-ns' at \"/run/netns/test-create-ns\"\n" +
		"Loopback interface is UP - localhost is reachable\n"
	if r.Stdout != want {
		t.Errorf("got %q\nwant %q", r.Stdout, want)
	}
	if _, err := os.Stat("/run/netns/test-create-ns"); err != nil {
		t.Error(err)
	}
}

func TestLoopbackIsUp(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "test-loopback-ns")
	defer world.Netns(t, "delete", "test-loopback-ns")
	r := world.Run(t, "ip", "netns", "exec", "test-loopback-ns", "ip", "link", "show").Want(t, 0)
	if !strings.Contains(r.Stdout, "lo:") || !strings.Contains(r.Stdout, "UP,LOWER_UP") {
		t.Error(r)
	}
}

func TestPingAnswers(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "test-ping-ns")
	defer world.Netns(t, "delete", "test-ping-ns")
	for _, enter := range []string{"ip netns exec", "netns exec"} {
		r := world.Sh(t, enter+" test-ping-ns ping -c 1 -W 1 127.0.0.1").Want(t, 0)
		if !strings.Contains(r.Stdout, "1 packets transmitted, 1 received") {
			t.Error(r)
		}
	}
}

// The interface index does not tell namespaces apart, because lo has the index 1 in each. The namespace's inode does, and its contents:
// lo's counters, addresses and routes.
func TestNamespaceIsNotTheHosts(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "demo", "--address", "10.1.2.3/32")
	defer world.Netns(t, "delete", "demo")
	inside := func(command string) string { return world.Sh(t, "netns exec demo "+command).Want(t, 0).Stdout }
	outside := func(command string) string { return world.Sh(t, command).Want(t, 0).Stdout }

	const index = "cat /sys/class/net/lo/ifindex"
	if inside(index) != "1\n" || outside(index) != "1\n" {
		t.Errorf("lo has index %s inside and %s outside; it is made first in each namespace", inside(index), outside(index))
	}
	var st syscall.Stat_t
	if err := syscall.Stat("/run/netns/demo", &st); err != nil {
		t.Fatal(err)
	}
	const identity = "readlink /proc/self/ns/net"
	if got, want := inside(identity), fmt.Sprintf("net:[%d]\n", st.Ino); got != want || got == outside(identity) {
		t.Errorf("inside is %s, the file %s, outside %s", got, want, outside(identity))
	}
	const received = "cat /sys/class/net/lo/statistics/rx_packets"
	before := inside(received)
	outside("ping -c 3 -i 0.01 127.0.0.1")
	if got := inside(received); got != before {
		t.Errorf("packets on the host's lo were counted inside: %s before, %s after", before, got)
	}
	inside("ping -c 3 -i 0.01 127.0.0.1")
	if got := inside(received); got == before {
		t.Errorf("packets inside were not counted there: still %s", got)
	}
	const route = "ip route show table local"
	if in := inside(route); !strings.Contains(in, "10.1.2.3") || strings.Contains(outside(route), "10.1.2.3") {
		t.Errorf("local routes inside:\n%s\noutside:\n%s", in, outside(route))
	}
	if in := inside("ip -o link"); strings.Count(in, "\n") != 1 {
		t.Errorf("links inside:\n%s", in)
	}
}
