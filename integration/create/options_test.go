package create

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestBadOptions(t *testing.T) {
	world.Clean(t)
	for _, test := range []struct {
		args []string
		text string
	}{
		{[]string{"create"}, "no name given"},
		{[]string{"create", "--nope", "x"}, "-nope"},
		{[]string{"create", "x", "--nope"}, "-nope"},
		{[]string{"nope"}, `unknown verb "nope"`},
		{[]string{"help", "nope"}, `unknown verb "nope"`},
		{[]string{"help", "list", "create"}, "help: takes one verb"},
		{[]string{"version", "nope"}, "version: takes no names"},
		{[]string{"--nope"}, "-nope"},
		{[]string{"list", "-o", "name", "x"}, "takes no names"},
		{[]string{"list", "-o", "nope"}, `unknown format "nope"`},
		{[]string{"create", "x", "--timeout", "soon"}, "soon"},
		{[]string{"create", "x", "--timeout", "-1s"}, "negative"},
		{[]string{"create", "x", "--loopback=perhaps"}, "perhaps"},
		{[]string{"create", "x", "--loopback=false", "--verify"}, "--verify needs --loopback"},
	} {
		unchanged(t, 2, []string{test.text}, append([]string{"netns"}, test.args...)...)
	}
	for _, address := range []string{
		"", "10.1.2.3", "10.1.2.3/33", "10.1.2/24", "::1", "2001:db8::1/129", "fe80::1%eth0/64", "0.0.0.0/0", "::/0",
		"224.0.0.1/32", "ff02::1/128", "::ffff:10.0.0.1/128", "255.255.255.255/32", "x", "10.1.2.3/24 10.1.2.4/24",
	} {
		unchanged(t, 2, []string{"invalid address"}, "netns", "create", "x", "--address", address)
	}
	for _, sysctl := range []string{
		"", "net.ipv4.ip_forward", "=1", "kernel.hostname=x", "kernel/hostname=x", "net=1", "net.=1", "net..ipv4=1",
		"net/../kernel/hostname=x", "/net/ipv4/ip_forward=1", "net.ipv4.ip_forward=1\n2", "vm.net.x=1",
	} {
		unchanged(t, 2, []string{"invalid sysctl"}, "netns", "create", "x", "--sysctl", sysctl)
	}
	world.Run(t, "netns", "create", "x", "--sysctl", "net.nope=1").Want(t, 1, "x: sysctl: open /proc/sys/net/nope: no such file")
	world.Run(t, "netns", "create", "x", "--sysctl", "net.ipv4.ip_forward=x").Want(t, 1, "x: sysctl: write", `(value "x")`)
}

// --sysctl takes the forms of sysctl(8), and a value with commas.
func TestSysctls(t *testing.T) {
	world.Clean(t)
	const reserved = "net.ipv4.ip_local_reserved_ports"
	world.Netns(t, "create", "x", "--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "net/ipv6/conf/all/forwarding = 1",
		"--sysctl", reserved+"=80,443")
	defer world.Netns(t, "delete", "x")
	r := world.Sh(t, "netns exec x cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding "+
		"/proc/sys/net/ipv4/ip_local_reserved_ports")
	if r.Want(t, 0).Stdout != "1\n1\n80,443\n" {
		t.Error(r)
	}
}

// verify knows the parameters that silence lo, and does not ask then.
func TestVerifyKnowsWhatSilences(t *testing.T) {
	world.Clean(t)
	for _, sysctl := range []string{
		"net.ipv4.icmp_echo_ignore_all=1", "net.ipv6.icmp.echo_ignore_all=1", "net.ipv6.conf.all.disable_ipv6=1",
		"net.ipv6.conf.lo.disable_ipv6=1",
	} {
		world.Netns(t, "create", "x", "--sysctl", sysctl)
		world.Netns(t, "delete", "x")
	}
	if r := world.Netns(t, "create", "x", "--verify=false"); !strings.HasSuffix(r.Stdout, "\nLoopback interface is UP\n") {
		t.Error(r)
	}
	if r := world.Netns(t, "create", "y", "--loopback=false"); r.Stdout != "Created network namespace 'y' at \"/run/netns/y\"\n" {
		t.Error(r)
	}
	world.Sh(t, "netns exec x cat /sys/class/net/lo/flags | grep -qx 0x9").Want(t, 0)
	world.Sh(t, "netns exec y cat /sys/class/net/lo/flags | grep -qx 0x8").Want(t, 0)
	world.Netns(t, "delete", "x", "y")
}

// Without sysctls in /proc, verify does not take a silent lo for a lo without IPv6.
func TestVerifyDoesNotGuess(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x", "--sysctl", "net.ipv6.conf.all.disable_ipv6=1")
	defer world.Netns(t, "delete", "x")
	world.Netns(t, "verify", "x")
	world.Run(t, "unshare", "-m", "sh", "-c", "mount -t proc -o subset=pid proc /proc && exec \"$0\" verify x", world.Binary()).
		Want(t, 7, "ICMP echo to ::1: ", "IPv6 may be off here, but that cannot be read: open /proc/sys/net/ipv6/conf/lo/disable_ipv6")
}

func TestAddressesOnLoopback(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "demo", "--address", "10.1.2.3/32", "--address=2001:db8::1/128", "--address", "127.0.0.1/8")
	defer world.Netns(t, "delete", "demo")
	r := world.Sh(t, "netns exec demo ip -o address show dev lo").Want(t, 0)
	for _, address := range []string{"inet 10.1.2.3/32", "inet6 2001:db8::1/128", "inet 127.0.0.1/8", "inet6 ::1/128"} {
		if !strings.Contains(r.Stdout, address+" ") {
			t.Errorf("no %s in %v", address, r)
		}
	}
	if strings.Contains(r.Stdout, "tentative") || strings.Contains(r.Stdout, " brd ") {
		t.Error(r)
	}
	for _, address := range []string{"10.1.2.3", "2001:db8::1"} {
		world.Sh(t, "netns exec demo ping -c 1 -W 1 "+address).Want(t, 0)
	}
}

// NETNS_ADD_LOOPBACK=0 makes add leave lo down, unless an option says otherwise. The verbs that ip lacks do not read it.
func TestAddLoopbackVariable(t *testing.T) {
	world.Clean(t)
	for line, up := range map[string]bool{
		"NETNS_ADD_LOOPBACK=0 netns add x": false, "NETNS_ADD_LOOPBACK=false netns netns a x": false,
		"NETNS_ADD_LOOPBACK= netns add x": true, "NETNS_ADD_LOOPBACK=1 netns add x": true,
		"NETNS_ADD_LOOPBACK=0 netns add --loopback x": true, "NETNS_ADD_LOOPBACK=0 netns create -q x": true,
		"NETNS_ADD_LOOPBACK=0 netns -b - <<-END\nadd x\nEND": false,
	} {
		world.Sh(t, line).Want(t, 0)
		if isUp := strings.Contains(world.Netns(t, "exec", "x", "ip", "link", "show", "lo").Stdout, "LOOPBACK,UP"); isUp != up {
			t.Errorf("%s: up: %t", line, isUp)
		}
		world.Netns(t, "delete", "x")
	}
	if r := world.Sh(t, "NETNS_ADD_LOOPBACK=0 netns run ip link show lo").Want(t, 0); !strings.Contains(r.Stdout, "LOOPBACK,UP") {
		t.Error(r)
	}
	world.Sh(t, "NETNS_ADD_LOOPBACK=no netns add x").Want(t, 2, "NETNS_ADD_LOOPBACK=no: neither 0 nor 1")
}
