package integration

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// What there is inside is shown, each thing as ip shows it.
func TestInspect(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "a", "b")
	defer netns(t, "delete", "a", "b")
	sh(t, `ip -n a link add br0 type bridge && ip -n a link add v0 type veth peer name v1 netns b && ip -n a link set v0 master br0 &&
		ip -n a addr add 10.9.0.1/24 dev br0 && ip -n a link set br0 up && ip -n a link set v0 up &&
		ip -n a route add default via 10.9.0.2 && netns set a 7`).want(t, 0)
	mac := strings.TrimSpace(sh(t, "netns exec a cat /sys/class/net/v0/address").stdout)
	inode := strings.TrimSpace(sh(t, "stat -Lc %i /run/netns/a").stdout)
	r := netns(t, "inspect", "a", "b")
	for _, want := range []string{
		"a\n  path      /run/netns/a\n  state     ready\n  inode     " + inode + "\n  nsid      7\n  healthy   yes\n",
		"  link      1: lo loopback up mtu 65536 127.0.0.1/8 ::1/128\n",
		": v0 veth up mtu 1500 address " + mac + " master br0 peer 2 in nsid 0",
		": br0 bridge up mtu 1500 address ", " 10.9.0.1/24",
		"  route     default via 10.9.0.2 dev br0\n", "  route     10.9.0.0/24 dev br0 src 10.9.0.1\n",
		"\nb\n  path      /run/netns/b\n",
	} {
		if !strings.Contains(r.stdout, want) {
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
	r = netns(t, "inspect", "-o", "json", "a")
	if err := json.Unmarshal([]byte(r.stdout), &views); err != nil || len(views) != 1 {
		t.Fatalf("%v: %v", err, r)
	}
	v := views[0]
	if v.Version != 1 || v.Name != "a" || !v.Healthy || len(v.Links) != 3 || v.Links[0].Addresses[0] != "127.0.0.1/8" ||
		v.Routes[0].Gateway != "10.9.0.2" || v.Routes[0].Link != "br0" {
		t.Errorf("%+v", v)
	}
	run(t, "netns", "inspect", "nope", "a").want(t, 3, "inspect nope: /run/netns/nope: no such network namespace")
	run(t, "netns", "inspect").want(t, 2, "no name given")
	run(t, "netns", "inspect", "-o", "name", "a").want(t, 2, "unknown format")
	if r := sh(t, nobody+"netns inspect a").want(t, 0); !strings.Contains(r.stdout, "healthy   unknown: ") ||
		!strings.Contains(r.stdout, "CAP_SYS_ADMIN") {
		t.Error(r)
	}
}

// Routes are told apart as ip tells them: half of everything is not the default, and one that leads nowhere says so.
func TestInspectRoutes(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "a")
	defer netns(t, "delete", "a")
	const routes = `0.0.0.0/1 via 10.9.0.2 dev v0
blackhole 10.8.0.0/16
unreachable 10.8.1.0/24 metric 7
10.7.0.0/16 nexthop via 10.9.0.2 dev v0 nexthop via 10.9.0.3 dev v0
10.5.0.0/16 via inet6 fe80::1 dev v0
10.6.0.0/16 via 10.9.0.2 dev v0 metric 50
10.6.0.0/16 via 10.9.0.2 dev v0 metric 60
::/1 dev v0 metric 1024`
	sh(t, "ip -n a link add v0 type veth peer name v1 && ip -n a addr add 10.9.0.1/24 dev v0 && ip -n a link set v0 up && "+
		"ip -n a link set v1 up").want(t, 0)
	for line := range strings.SplitSeq(routes, "\n") {
		sh(t, "ip -n a route add "+line).want(t, 0)
	}
	shown := netns(t, "inspect", "a").stdout
	for line := range strings.SplitSeq(strings.ReplaceAll(routes, "via inet6", "via"), "\n") {
		if !strings.Contains(shown, "  route     "+line+"\n") {
			t.Errorf("no %q in\n%s", line, shown)
		}
	}
	if strings.Contains(shown, "default") {
		t.Error(shown)
	}
}

// Without the privilege for an echo, what can be seen is shown all the same.
func TestInspectWithoutEcho(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "a")
	defer netns(t, "delete", "a")
	r := sh(t, "setpriv --bounding-set -net_raw --inh-caps -net_raw netns inspect a").want(t, 0)
	if !strings.Contains(r.stdout, "healthy   unknown: ") || !strings.Contains(r.stdout, "CAP_NET_RAW") ||
		!strings.Contains(r.stdout, "link      1: lo ") {
		t.Error(r)
	}
}

// verify finds what would make a namespace of little use, and its code says so.
func TestVerify(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "good", "down", "mute")
	defer netns(t, "delete", "good", "down", "mute")
	if r := netns(t, "verify", "good", "down"); r.stdout != "good is healthy\ndown is healthy\n" {
		t.Error(r)
	}
	if r := netns(t, "verify", "-q", "good"); r.stdout != "" {
		t.Error(r)
	}
	sh(t, "ip -n down link set lo down && ip -n mute addr flush dev lo && ip -n mute addr add 10.0.0.1/8 dev lo").want(t, 0)
	run(t, "netns", "verify", "down").want(t, 7, "verify down: not healthy", "lo is not up")
	run(t, "netns", "verify", "mute").want(t, 7, "verify mute: not healthy", "127.0.0.1")
	r := run(t, "netns", "verify", "down", "good", "-o", "json").want(t, 7)
	if !strings.Contains(r.stdout, `"name":"down","path":"/run/netns/down","healthy":false,"problem":"not healthy: `) ||
		!strings.Contains(r.stdout, `{"version":1,"name":"good","path":"/run/netns/good","healthy":true}`) {
		t.Error(r)
	}
	run(t, "netns", "verify", "nope").want(t, 3)
	run(t, "netns", "verify").want(t, 2)
	sh(t, nobody+"netns verify good").want(t, 6, "CAP_SYS_ADMIN")
	run(t, "netns", "create", "--rollback-on-fail=false", "--address", "10.0.0.1/8", "--sysctl", "net.nope=1", "kept").want(t, 8)
	defer netns(t, "delete", "kept")
	run(t, "netns", "verify", "kept").want(t, 7, "kept incomplete, since its stage sysctl failed")
	if r := netns(t, "inspect", "kept"); !strings.Contains(r.stdout, "state     kept\n  stage     sysctl\n") ||
		!strings.Contains(r.stdout, "healthy   no: ") {
		t.Error(r)
	}
}

// Tables are in columns, with what is no namespace in its state.
func TestListTables(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "--address", "10.1.2.3/32", "a", "long name")
	sh(t, "ip -n a link add v0 type veth peer name v1 && netns set a 12 && touch /run/netns/zz").want(t, 0)
	inode := strings.TrimSpace(sh(t, "stat -Lc %i /run/netns/a").stdout)
	if r := netns(t, "list", "-o", "table"); r.stdout !=
		"NAME       ID  STATE\na          12  ready\nlong name  -   ready\nzz         -   foreign\n" {
		t.Error(r)
	}
	r := netns(t, "list", "-o", "wide")
	for _, want := range []string{inode, "lo,v1(down),v0(down)", "10.1.2.3/32", "\nzz "} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in %v", want, r)
		}
	}
	// What has no name has a path, and what is in a namespace is counted.
	for command, want := range map[string]string{
		"netns exec a netns list -o wide":                                      "a          -   ready    " + inode + "  1          lo,",
		"unshare --net sh -c 'netns list --all -o name; echo /proc/$$/ns/net'": "",
		"unshare --net sh -c 'netns list --all -o json'":                       `"path":"/proc/`,
	} {
		r := sh(t, command).want(t, 0)
		lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(r.stdout, want) || want == "" && !slices.Contains(lines[:len(lines)-1], last) {
			t.Errorf("want %q, %v", want, r)
		}
	}
	// Without privilege the inside is not seen.
	if r := sh(t, nobody+"netns list -o wide").want(t, 0); !strings.Contains(r.stdout, inode) || strings.Contains(r.stdout, "v0") {
		t.Error(r)
	}
	run(t, "netns", "list", "-o", "nope").want(t, 2, `unknown format "nope"; there is name, table, wide or json`)
	run(t, "netns", "list", "a").want(t, 2, "takes no names")
	netns(t, "delete", "a", "long name")
	os.Remove("/run/netns/zz")
}

// An external command is found on PATH where no verb of ours has the name, and told where it is; as root only if it is
// nobody else's.
func TestExternalCommands(t *testing.T) {
	world.Clean(t)
	const prepare = `mkdir -p /run/bin; export PATH=/run/bin:$PATH
		printf '#!/bin/sh\necho external "$0" "$@" "$NETNS_RUN_DIR"; "$NETNS_BIN" version | cut -c1-5; exit 3' >/run/bin/netns-foo
		chmod 755 /run/bin/netns-foo; cp /run/bin/netns-foo /run/bin/netns-list; `
	defer os.RemoveAll("/run/bin")
	r := sh(t, prepare+"netns foo -v --dir x -- y").want(t, 3)
	if r.stdout != "external /run/bin/netns-foo -v --dir x -- y /run/netns\nnetns\n" {
		t.Error(r)
	}
	if r := sh(t, prepare+"netns --dir /run/other foo").want(t, 3); !strings.HasPrefix(r.stdout, "external /run/bin/netns-foo /run/other\n") {
		t.Error(r)
	}
	if r := sh(t, prepare+"netns list").want(t, 0); r.stdout != "" { // ours wins
		t.Error(r)
	}
	if r := sh(t, prepare+"netns help").want(t, 0); !strings.Contains(r.stdout, "EXTERNAL COMMANDS (netns-NAME on PATH):\n   foo") {
		t.Error(r)
	}
	// A link of root's is root's own choice, and the program still sees what it was called.
	if r := sh(t, prepare+"mv /run/bin/netns-foo /run/bin/real; ln -s real /run/bin/netns-foo; netns foo").want(t, 3); !strings.HasPrefix(r.stdout, "external /run/bin/netns-foo ") {
		t.Error(r)
	}
	os.RemoveAll("/run/bin")
	for _, spoil := range []string{"chmod o+w /run/bin/netns-foo", "chmod g+w /run/bin/netns-foo", "chmod 777 /run/bin", "chown 65534 /run/bin/netns-foo",
		"mkdir -m 777 /run/bin/x; mv /run/bin/netns-foo /run/bin/x; ln -s x/netns-foo /run/bin/netns-foo",
		"mkdir /run/bin/x; mv /run/bin/netns-foo /run/bin/real; ln -s ../real /run/bin/x/l; chown -h 65534 /run/bin/x/l; ln -s x/l /run/bin/netns-foo"} {
		if r := sh(t, prepare+spoil+"; netns foo").want(t, 1, "not to be trusted"); r.stdout != "" {
			t.Error(r)
		}
		// An ordinary user runs what he likes.
		sh(t, "PATH=/run/bin:$PATH "+nobody+"netns foo").want(t, 3)
		os.RemoveAll("/run/bin")
	}
	sh(t, "cd /run; mkdir bin; "+prepare+"PATH=bin:$PATH; PATH=${PATH#/run/bin:}; netns foo").want(t, 2, `unknown verb "foo"`)
	run(t, "netns", "../foo").want(t, 2, "unknown verb")
}

// The nearest right word is offered for a wrong one.
func TestSuggestions(t *testing.T) {
	for args, want := range map[string]string{
		"creat x": `did you mean "create"?`, "lisst": `did you mean "list"?`, "recovr": `did you mean "recover"?`,
		"list --otput json": `did you mean "--output"?`, "create --adress 10.0.0.1/8 x": `did you mean "--address"?`,
		"--verbos create x": `did you mean "--verbose"?`,
	} {
		sh(t, "netns "+args).want(t, 2, want)
	}
	if r := run(t, "netns", "zzz"); strings.Contains(r.stderr, "did you mean") {
		t.Error(r)
	}
}
