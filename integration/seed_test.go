package integration

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// The three tests that the project began with, and its exercises.

func TestCreateSaysWhatItMade(t *testing.T) {
	world.Clean(t)
	r := netns(t, "create", "test-create-ns")
	defer netns(t, "delete", "test-create-ns")
	want := "Created network namespace 'test-create-ns' at \"/run/netns/test-create-ns\"\n" +
		"Loopback interface is UP - localhost is reachable\n"
	if r.stdout != want {
		t.Errorf("got %q\nwant %q", r.stdout, want)
	}
	if _, err := os.Stat("/run/netns/test-create-ns"); err != nil {
		t.Error(err)
	}
}

func TestLoopbackIsUp(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "test-loopback-ns")
	defer netns(t, "delete", "test-loopback-ns")
	r := run(t, "ip", "netns", "exec", "test-loopback-ns", "ip", "link", "show").want(t, 0)
	if !strings.Contains(r.stdout, "lo:") || !strings.Contains(r.stdout, "UP,LOWER_UP") {
		t.Error(r)
	}
}

func TestPingAnswers(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "test-ping-ns")
	defer netns(t, "delete", "test-ping-ns")
	for _, enter := range []string{"ip netns exec", "netns exec"} {
		r := sh(t, enter+" test-ping-ns ping -c 1 -W 1 127.0.0.1").want(t, 0)
		if !strings.Contains(r.stdout, "1 packets transmitted, 1 received") {
			t.Error(r)
		}
	}
}

func TestDelete(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "demo")
	if r := netns(t, "delete", "demo"); r.stdout != "" {
		t.Error(r)
	}
	run(t, "netns", "delete", "demo").want(t, 3, "/run/netns/demo", "no such network namespace", "netns list")
	netns(t, "delete", "--if-exists", "demo")
	netns(t, "delete", "demo", "--if-exists")

	netns(t, "create", "a", "b", "c")
	run(t, "netns", "delete", "a", "nope", "b", "bad/name", "c").want(t, 3, "delete nope", "delete bad/name")
	run(t, "netns", "delete").want(t, 2, "no name given")

	netns(t, "create", "a", "b", "c")
	run(t, "netns", "delete", "--all", "a").want(t, 2, "--all takes no names")
	netns(t, "delete", "--all")
	netns(t, "delete", "--all")
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("delete --all left %q", left)
	}
}

func TestAddressesOnLoopback(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "demo", "--address", "10.1.2.3/32", "--address=2001:db8::1/128", "--address", "127.0.0.1/8")
	defer netns(t, "delete", "demo")
	r := sh(t, "netns exec demo ip -o address show dev lo").want(t, 0)
	for _, address := range []string{"inet 10.1.2.3/32", "inet6 2001:db8::1/128", "inet 127.0.0.1/8", "inet6 ::1/128"} {
		if !strings.Contains(r.stdout, address+" ") {
			t.Errorf("no %s in %v", address, r)
		}
	}
	if strings.Contains(r.stdout, "tentative") || strings.Contains(r.stdout, " brd ") {
		t.Error(r)
	}
	for _, address := range []string{"10.1.2.3", "2001:db8::1"} {
		sh(t, "netns exec demo ping -c 1 -W 1 "+address).want(t, 0)
	}
}

// The interface index does not tell namespaces apart: lo is made first in each, and has the index 1 in all of them. What
// does tell them apart is the namespace's inode, and what is in it: lo's counters, addresses and routes.
func TestNamespaceIsNotTheHosts(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "demo", "--address", "10.1.2.3/32")
	defer netns(t, "delete", "demo")
	inside := func(command string) string { return sh(t, "netns exec demo "+command).want(t, 0).stdout }
	outside := func(command string) string { return sh(t, command).want(t, 0).stdout }

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
