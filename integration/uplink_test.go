package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/examples/uplink/uplink"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

var demoLink = uplink.Link{
	Outside: "uplink0", Inside: "eth0",
	Gateway: netip.MustParsePrefix("10.11.12.1/30"), Address: netip.MustParsePrefix("10.11.12.2/30"),
}

func linked(l uplink.Link, then ...library.Step) library.Options {
	return library.Options{Steps: append([]library.Step{uplink.Step(l)}, then...)}
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

// The example as its reader would try it.
func TestUplink(t *testing.T) {
	world.Clean(t)
	program := buildProgram(t, "./examples/uplink")
	run(t, program, "demo").want(t, 0)
	sh(t, "netns exec demo ping -c 1 -W 2 10.11.12.1 && ping -c 1 -W 2 10.11.12.2").want(t, 0)
	if r := sh(t, "netns exec demo ip route"); !strings.Contains(r.stdout, "default via 10.11.12.1 dev eth0") {
		t.Error(r)
	}
	// The second has no room for its end, and leaves the first one's.
	run(t, program, "second").want(t, 1, "second: example.uplink: move uplink0 out: file exists")
	sh(t, "netns exec demo ping -c 1 -W 2 10.11.12.1").want(t, 0)
	netns(t, "delete", "demo")
	until(t, func() bool { return len(world.Files(t, "/sys/class/net")) == 1 })
	wantLinks(t)
}

func TestUplinkIPv6(t *testing.T) {
	world.Clean(t)
	six := demoLink
	six.Gateway, six.Address = netip.MustParsePrefix("2001:db8::1/64"), netip.MustParsePrefix("2001:db8::2/64")
	if err := library.Create(t.Context(), []string{"demo"}, linked(six)); err != nil {
		t.Fatal(err)
	}
	sh(t, "netns exec demo ping -c 1 -W 2 2001:db8::1").want(t, 0)
	netns(t, "delete", "demo")
	until(t, func() bool { return len(world.Files(t, "/sys/class/net")) == 1 })
}

// A later step fails. The namespace is held, so that it is Undo that removes the link, and not the namespace's end.
func TestUplinkUndone(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	for _, then := range []string{"fail", "kill"} {
		var held *library.Namespace
		o := linked(demoLink, teststage.Step("stop"), teststage.Step(then))
		o.Progress = func(e library.Event) {
			if e.Stage == "example.uplink" {
				held = holdChild(t)
			}
		}
		err := library.Create(t.Context(), []string{"demo"}, o)
		if err == nil || then == "fail" && !errors.Is(err, unix.EIO) {
			t.Errorf("%s: %v", then, err)
		}
		var undo *library.UndoError
		if errors.As(err, &undo) {
			t.Error(err)
		}
		wantLinks(t)
		if held != nil {
			held.Close()
		}
	}
}

// holdChild opens the namespace that the one child is in, once it has stopped, and lets it go on.
func holdChild(t *testing.T) *library.Namespace {
	t.Helper()
	pids := children()
	if len(pids) != 1 {
		t.Errorf("children: %v", pids)
		return nil
	}
	until(t, func() bool { return isStopped(pids[0]) })
	ns, err := library.OpenPID(pids[0])
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

// A name that exists is an error, even if somebody takes it at the last moment, and what has it stays.
func TestUplinkNameTaken(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	sh(t, "ip link add uplink0 type veth peer name other0").want(t, 0)
	t.Cleanup(func() { run(t, "ip", "link", "del", "uplink0") })
	err := library.Create(t.Context(), []string{"demo"}, linked(demoLink))
	if !errors.Is(err, unix.EEXIST) {
		t.Error(err)
	}
	wantLinks(t, "other0", "uplink0")
	// Nor does the parent take it for the child's.
	if err := library.Create(t.Context(), []string{"demo"}, library.Options{
		Steps: []library.Step{teststage.Step("kill"), uplink.Step(demoLink)}}); err == nil {
		t.Error("no error")
	}
	wantLinks(t, "other0", "uplink0")
	// Of several namespaces, the second would need another name outside.
	sh(t, "ip link del uplink0").want(t, 0)
	if err := library.Create(t.Context(), []string{"a", "b"}, linked(demoLink)); !errors.Is(err, unix.EEXIST) {
		t.Error(err)
	}
	wantLinks(t)
}

// Do itself fails when the link is outside already, and removes it, though its namespace is kept.
func TestUplinkFailsOutside(t *testing.T) {
	world.Clean(t)
	multicast := demoLink
	multicast.Gateway, multicast.Address = netip.MustParsePrefix("ff02::1/64"), netip.MustParsePrefix("ff02::2/64")
	o := linked(multicast)
	o.KeepOnFail = true
	err := library.Create(t.Context(), []string{"demo"}, o)
	if !errors.Is(err, unix.EADDRNOTAVAIL) || !strings.Contains(err.Error(), "outside: add ff02::1/64 to uplink0") {
		t.Error(err)
	}
	if _, err := os.Lstat("/sys/class/net/uplink0"); err == nil {
		t.Error("the link outside is still there")
	}
	netns(t, "delete", "demo")
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
		var argument *library.ArgumentError
		if err := library.Check([]string{"demo"}, linked(bad)); !errors.As(err, &argument) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
