package library

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/examples/uplink/uplink"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

var demoLink = uplink.Link{
	Outside: "uplink0", Inside: "eth0",
	Gateway: netip.MustParsePrefix("10.11.12.1/30"), Address: netip.MustParsePrefix("10.11.12.2/30"),
}

func linked(l uplink.Link, then ...netns.Step) netns.Options {
	return netns.Options{Steps: append([]netns.Step{uplink.Step(l)}, then...)}
}

// wantLinks fails the test unless the world has these links besides lo, and no namespace.
func wantLinks(t *testing.T, names ...string) {
	t.Helper()
	var got []string
	for _, name := range world.Files(t, "/sys/class/net") {
		if name != "lo" {
			got = append(got, name)
		}
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("links outside are %q, want %q", got, names)
	}
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// The example works as its reader would try it.
func TestUplink(t *testing.T) {
	world.Clean(t)
	program := world.Build(t, "../examples/uplink")
	world.Run(t, program, "demo").Want(t, 0)
	world.Sh(t, "netns exec demo ping -c 1 -W 2 10.11.12.1 && ping -c 1 -W 2 10.11.12.2").Want(t, 0)
	if r := world.Sh(t, "netns exec demo ip route"); !strings.Contains(r.Stdout, "default via 10.11.12.1 dev eth0") {
		t.Error(r)
	}
	// The name of the second link is taken, and the first link stays.
	world.Run(t, program, "second").Want(t, 1, "second: example.uplink: move uplink0 out: file exists")
	world.Sh(t, "netns exec demo ping -c 1 -W 2 10.11.12.1").Want(t, 0)
	world.Netns(t, "delete", "demo")
	world.Until(t, func() bool { return len(world.Files(t, "/sys/class/net")) == 1 })
	wantLinks(t)
}

func TestUplinkIPv6(t *testing.T) {
	world.Clean(t)
	six := demoLink
	six.Gateway, six.Address = netip.MustParsePrefix("2001:db8::1/64"), netip.MustParsePrefix("2001:db8::2/64")
	if err := netns.Create(t.Context(), []string{"demo"}, linked(six)); err != nil {
		t.Fatal(err)
	}
	world.Sh(t, "netns exec demo ping -c 1 -W 2 2001:db8::1").Want(t, 0)
	world.Netns(t, "delete", "demo")
	world.Until(t, func() bool { return len(world.Files(t, "/sys/class/net")) == 1 })
}

// A later step fails. The test holds the namespace, so that Undo removes the link, and not the end of the namespace.
func TestUplinkUndone(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	for _, then := range []string{"fail", "kill"} {
		var held *netns.Namespace
		o := linked(demoLink, teststage.Step("stop"), teststage.Step(then))
		o.Progress = func(e netns.Event) {
			if e.Stage == "example.uplink" {
				held = holdChild(t)
			}
		}
		err := netns.Create(t.Context(), []string{"demo"}, o)
		if err == nil || then == "fail" && !errors.Is(err, unix.EIO) {
			t.Errorf("%s: %v", then, err)
		}
		var undo *netns.UndoError
		if errors.As(err, &undo) {
			t.Error(err)
		}
		wantLinks(t)
		if held != nil {
			held.Close()
		}
	}
}

// holdChild waits until the only child has stopped, opens its namespace, and continues it.
func holdChild(t *testing.T) *netns.Namespace {
	t.Helper()
	pids := world.Children()
	if len(pids) != 1 {
		t.Errorf("children: %v", pids)
		return nil
	}
	world.Until(t, func() bool { return isStopped(pids[0]) })
	ns, err := netns.OpenPID(pids[0])
	if err != nil {
		t.Error(err)
	}
	syscall.Kill(pids[0], syscall.SIGCONT)
	return ns
}

func isStopped(pid int) bool {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return strings.Contains(string(status), "State:\tT")
}

// An existing name is an error, even if another process takes it at the last moment, and the existing link stays.
func TestUplinkNameTaken(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	world.Sh(t, "ip link add uplink0 type veth peer name other0").Want(t, 0)
	t.Cleanup(func() { world.Run(t, "ip", "link", "del", "uplink0") })
	err := netns.Create(t.Context(), []string{"demo"}, linked(demoLink))
	if !errors.Is(err, unix.EEXIST) {
		t.Error(err)
	}
	wantLinks(t, "other0", "uplink0")
	// Nor does the parent take the existing link for the child's.
	if err := netns.Create(t.Context(), []string{"demo"}, netns.Options{
		Steps: []netns.Step{teststage.Step("kill"), uplink.Step(demoLink)}}); err == nil {
		t.Error("no error")
	}
	wantLinks(t, "other0", "uplink0")
	// With several namespaces, the second would need another name outside.
	world.Sh(t, "ip link del uplink0").Want(t, 0)
	if err := netns.Create(t.Context(), []string{"a", "b"}, linked(demoLink)); !errors.Is(err, unix.EEXIST) {
		t.Error(err)
	}
	wantLinks(t)
}

// Do fails after it has moved the link outside, and removes the link, although the namespace is kept.
func TestUplinkFailsOutside(t *testing.T) {
	world.Clean(t)
	multicast := demoLink
	multicast.Gateway, multicast.Address = netip.MustParsePrefix("ff02::1/64"), netip.MustParsePrefix("ff02::2/64")
	o := linked(multicast)
	o.KeepOnFail = true
	err := netns.Create(t.Context(), []string{"demo"}, o)
	if !errors.Is(err, unix.EADDRNOTAVAIL) || !strings.Contains(err.Error(), "outside: add ff02::1/64 to uplink0") {
		t.Error(err)
	}
	if _, err := os.Lstat("/sys/class/net/uplink0"); err == nil {
		t.Error("the link outside is still there")
	}
	world.Netns(t, "delete", "demo")
}

func TestUplinkRefuses(t *testing.T) {
	for what, change := range map[string]func(*uplink.Link){
		"no name outside": func(l *uplink.Link) { l.Outside = "" },
		"a long name":     func(l *uplink.Link) { l.Inside = strings.Repeat("x", 16) },
		"no address":      func(l *uplink.Link) { l.Address = netip.Prefix{} },
		"twice the same":  func(l *uplink.Link) { l.Address = l.Gateway },
		"two networks":    func(l *uplink.Link) { l.Address = netip.MustParsePrefix("10.11.12.5/30") },
	} {
		bad := demoLink
		change(&bad)
		var argument *netns.ArgumentError
		if err := netns.Check([]string{"demo"}, linked(bad)); !errors.As(err, &argument) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
