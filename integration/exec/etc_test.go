package exec

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// exec does not put files over those of /etc if other users can write to them.
func TestExecEtcTrust(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	defer os.RemoveAll("/etc/netns")
	for spoil, reason := range map[string]string{
		"chown 65534 $d":                          "/etc/netns/x: not to be trusted: it belongs to user 65534",
		"chmod 777 $d":                            "/etc/netns/x: not to be trusted: others may write to it (mode 0777)",
		"chmod 1777 $d":                           "/etc/netns/x: not to be trusted: others may write to it (mode 1777)",
		"chmod 777 /etc/netns":                    "/etc/netns: not to be trusted: others may write to it",
		"chown 65534 $d/hostname":                 "/etc/netns/x/hostname: not to be trusted: it belongs to user 65534",
		"chmod 666 $d/hostname":                   "/etc/netns/x/hostname: not to be trusted: others may write to it",
		"chgrp 5 $d/*; chmod 664 $d/*":            "/etc/netns/x/hostname: not to be trusted: others may write to it",
		"ln -s nowhere $d/a; chown -h 65534 $d/a": "/etc/netns/x/a: not to be trusted",
		"chmod 664 $d/*":                          "/etc/netns/x/hostname: not to be trusted: others may write to it", // also in root's group
		// The target of a link, and the links on the way to it.
		"echo theirs >/run/d; chown 65534 /run/d; ln -sf /run/d $d/hostname":                            "/run/d: not to be trusted: it belongs to user 65534",
		"mkdir /run/d; ln -s /etc/hosts /run/d/l; chown -h 65534 /run/d/l; ln -sf /run/d/l $d/hostname": "/run/d/l: not to be trusted",
		"mkdir /run/d; chown 65534 /run/d; ln -s /etc/hosts /run/d/l; ln -sf /run/d/l $d/hostname":      "/run/d: not to be trusted",
		"rm -r $d; mkdir -m 777 /run/d; touch /run/d/f; ln -s /run/d $d":                                "/run/d: not to be trusted",
	} {
		world.Sh(t, "rm -rf /etc/netns /run/d; d=/etc/netns/x; mkdir -p $d && echo inside >$d/hostname; "+spoil).Want(t, 0)
		world.Run(t, "netns", "exec", "x", "touch", "/run/ran").Want(t, 125, "exec x: "+reason, "--net-only")
	}
	if _, err := os.Stat("/run/ran"); err == nil {
		t.Error("the command was run")
	}
	// A link that root owns may lead to any trusted place.
	world.Sh(t, "rm -rf /etc/netns /run/d; mkdir -p /etc/netns/x; echo roots >/run/d; ln -s /run/d /etc/netns/x/hostname").Want(t, 0)
	if r := world.Netns(t, "exec", "x", "cat", "/etc/hostname"); r.Stdout != "roots\n" {
		t.Error(r)
	}
	os.Remove("/run/d")
	world.Sh(t, "echo x >/etc/netns/x/nosuchfile").Want(t, 0)
	world.Run(t, "netns", "exec", "x", "true").Want(t, 0, "/etc/netns/x/nosuchfile: skipped: /etc/nosuchfile: no such file or directory; create it")
}

// exec covers a resolv.conf that is a link, not its target: the target may be missing, or be replaced later.
func TestExecResolvConf(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	defer world.Sh(t, "rm -rf /etc/netns /run/resolve; cp -p /run/resolv.saved /etc/resolv.conf.new && "+
		"mv /etc/resolv.conf.new /etc/resolv.conf; rm /run/resolv.saved")
	world.Sh(t, "cp -p /etc/resolv.conf /run/resolv.saved; mkdir -p /etc/netns/x; echo inside >/etc/netns/x/resolv.conf; "+
		"ln -sf /run/resolve/stub.conf /etc/resolv.conf").Want(t, 0)
	inside := func(script string) {
		t.Helper()
		if r := world.Netns(t, "exec", "x", "sh", "-c", script); r.Stdout != "inside\n" {
			t.Error(r)
		}
	}
	inside("cat /etc/resolv.conf")
	world.Sh(t, "cat /etc/resolv.conf").Want(t, 1, "No such file")
	world.Sh(t, "mkdir /run/resolve; echo outside >/run/resolve/stub.conf").Want(t, 0)
	inside("cat /etc/resolv.conf")
	inside("echo new >/run/resolve/new && mv /run/resolve/new /run/resolve/stub.conf && cat /etc/resolv.conf")
	if r := world.Sh(t, "cat /etc/resolv.conf"); r.Stdout != "new\n" {
		t.Error(r)
	}
	// The file in /etc/netns may be a link as well.
	world.Sh(t, "mv /etc/netns/x/resolv.conf /etc/netns/x.conf; ln -s ../x.conf /etc/netns/x/resolv.conf").Want(t, 0)
	inside("cat /etc/resolv.conf")
	world.Sh(t, "rm /etc/netns/x.conf").Want(t, 0)
	r := world.Run(t, "netns", "exec", "x", "cat", "/etc/resolv.conf").
		Want(t, 0, "/etc/netns/x/resolv.conf: skipped: broken link")
	if r.Stdout != "new\n" {
		t.Error(r)
	}
}
