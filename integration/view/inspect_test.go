package view

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// inspect shows links, addresses and routes in the words of ip.
func TestInspect(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a", "b")
	defer world.Netns(t, "delete", "a", "b")
	world.Sh(t, `ip -n a link add br0 type bridge && ip -n a link add v0 type veth peer name v1 netns b && ip -n a link set v0 master br0 &&
		ip -n a addr add 10.9.0.1/24 dev br0 && ip -n a link set br0 up && ip -n a link set v0 up &&
		ip -n a route add default via 10.9.0.2 && netns set a 7`).Want(t, 0)
	mac := strings.TrimSpace(world.Sh(t, "netns exec a cat /sys/class/net/v0/address").Stdout)
	inode := strings.TrimSpace(world.Sh(t, "stat -Lc %i /run/netns/a").Stdout)
	r := world.Netns(t, "inspect", "a", "b")
	for _, want := range []string{
		"a\n  path      /run/netns/a\n  state     ready\n  inode     " + inode + "\n  nsid      7\n  healthy   yes\n",
		"  link      1: lo loopback up mtu 65536 127.0.0.1/8 ::1/128\n",
		": v0 veth up mtu 1500 address " + mac + " master br0 peer 2 in nsid 0",
		": br0 bridge up mtu 1500 address ", " 10.9.0.1/24",
		"  route     default via 10.9.0.2 dev br0\n", "  route     10.9.0.0/24 dev br0 src 10.9.0.1\n",
		"\nb\n  path      /run/netns/b\n",
	} {
		if !strings.Contains(r.Stdout, want) {
			t.Errorf("no %q in %v", want, r)
		}
	}

	var views []struct {
		Version int
		Name    string
		Healthy bool
		Links   []struct {
			Name      string
			Addresses []string
		}
		Routes []struct{ Destination, Gateway, Link string }
	}
	r = world.Netns(t, "inspect", "-o", "json", "a")
	if err := json.Unmarshal([]byte(r.Stdout), &views); err != nil || len(views) != 1 {
		t.Fatalf("%v: %v", err, r)
	}
	v := views[0]
	if v.Version != 1 || v.Name != "a" || !v.Healthy || len(v.Links) != 3 || v.Links[0].Addresses[0] != "127.0.0.1/8" ||
		v.Routes[0].Gateway != "10.9.0.2" || v.Routes[0].Link != "br0" {
		t.Errorf("%+v", v)
	}
	world.Run(t, "netns", "inspect", "nope", "a").Want(t, 3, "inspect nope: /run/netns/nope: no such network namespace")
	world.Run(t, "netns", "inspect").Want(t, 2, "no name given")
	world.Run(t, "netns", "inspect", "-o", "name", "a").Want(t, 2, "unknown format")
	if r := world.Sh(t, world.Nobody+"netns inspect a").Want(t, 0); !strings.Contains(r.Stdout, "healthy   unknown: ") ||
		!strings.Contains(r.Stdout, "CAP_SYS_ADMIN") {
		t.Error(r)
	}
}

// inspect shows routes as ip does: half of all addresses are not the default, and a route without a gateway names its type.
func TestInspectRoutes(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a")
	defer world.Netns(t, "delete", "a")
	const routes = `0.0.0.0/1 via 10.9.0.2 dev v0
blackhole 10.8.0.0/16
unreachable 10.8.1.0/24 metric 7
10.7.0.0/16 nexthop via 10.9.0.2 dev v0 nexthop via 10.9.0.3 dev v0
10.5.0.0/16 via inet6 fe80::1 dev v0
10.6.0.0/16 via 10.9.0.2 dev v0 metric 50
10.6.0.0/16 via 10.9.0.2 dev v0 metric 60
::/1 dev v0 metric 1024`
	world.Sh(t, "ip -n a link add v0 type veth peer name v1 && ip -n a addr add 10.9.0.1/24 dev v0 && ip -n a link set v0 up && "+
		"ip -n a link set v1 up").Want(t, 0)
	for line := range strings.SplitSeq(routes, "\n") {
		world.Sh(t, "ip -n a route add "+line).Want(t, 0)
	}
	shown := world.Netns(t, "inspect", "a").Stdout
	for line := range strings.SplitSeq(strings.ReplaceAll(routes, "via inet6", "via"), "\n") {
		if !strings.Contains(shown, "  route     "+line+"\n") {
			t.Errorf("no %q in\n%s", line, shown)
		}
	}
	if strings.Contains(shown, "default") {
		t.Error(shown)
	}
}

// Without the privilege for an echo, inspect shows the rest.
func TestInspectWithoutEcho(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a")
	defer world.Netns(t, "delete", "a")
	r := world.Sh(t, "setpriv --bounding-set -net_raw --inh-caps -net_raw netns inspect a").Want(t, 0)
	if !strings.Contains(r.Stdout, "healthy   unknown: ") || !strings.Contains(r.Stdout, "CAP_NET_RAW") ||
		!strings.Contains(r.Stdout, "link      1: lo ") {
		t.Error(r)
	}
}
