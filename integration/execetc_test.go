package integration

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// Files that somebody else could write are not laid over those of /etc.
func TestExecEtcTrust(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
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
		"chmod 664 $d/*":                          "/etc/netns/x/hostname: not to be trusted: others may write to it", // also of root's group
		// What a link leads to, and the links on the way there.
		"echo theirs >/run/d; chown 65534 /run/d; ln -sf /run/d $d/hostname":                            "/run/d: not to be trusted: it belongs to user 65534",
		"mkdir /run/d; ln -s /etc/hosts /run/d/l; chown -h 65534 /run/d/l; ln -sf /run/d/l $d/hostname": "/run/d/l: not to be trusted",
		"mkdir /run/d; chown 65534 /run/d; ln -s /etc/hosts /run/d/l; ln -sf /run/d/l $d/hostname":      "/run/d: not to be trusted",
		"rm -r $d; mkdir -m 777 /run/d; touch /run/d/f; ln -s /run/d $d":                                "/run/d: not to be trusted",
	} {
		sh(t, "rm -rf /etc/netns /run/d; d=/etc/netns/x; mkdir -p $d && echo inside >$d/hostname; "+spoil).want(t, 0)
		run(t, "netns", "exec", "x", "touch", "/run/ran").want(t, 125, "exec x: "+reason, "--net-only")
	}
	if _, err := os.Stat("/run/ran"); err == nil {
		t.Error("the command was run")
	}
	// A link of root's may lead anywhere that is trusted as well.
	sh(t, "rm -rf /etc/netns /run/d; mkdir -p /etc/netns/x; echo roots >/run/d; ln -s /run/d /etc/netns/x/hostname").want(t, 0)
	if r := netns(t, "exec", "x", "cat", "/etc/hostname"); r.stdout != "roots\n" {
		t.Error(r)
	}
	os.Remove("/run/d")
}

// A resolv.conf that is a link is covered itself: it may lead nowhere, and where it leads may be replaced.
func TestExecResolvConf(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	defer sh(t, "rm -rf /etc/netns /run/resolve; cp -p /run/resolv.saved /etc/resolv.conf.new && "+
		"mv /etc/resolv.conf.new /etc/resolv.conf; rm /run/resolv.saved")
	sh(t, "cp -p /etc/resolv.conf /run/resolv.saved; mkdir -p /etc/netns/x; echo inside >/etc/netns/x/resolv.conf; "+
		"ln -sf /run/resolve/stub.conf /etc/resolv.conf").want(t, 0)
	inside := func(script string) {
		t.Helper()
		if r := netns(t, "exec", "x", "sh", "-c", script); r.stdout != "inside\n" {
			t.Error(r)
		}
	}
	inside("cat /etc/resolv.conf")
	sh(t, "cat /etc/resolv.conf").want(t, 1, "No such file")
	sh(t, "mkdir /run/resolve; echo outside >/run/resolve/stub.conf").want(t, 0)
	inside("cat /etc/resolv.conf")
	inside("echo new >/run/resolve/new && mv /run/resolve/new /run/resolve/stub.conf && cat /etc/resolv.conf")
	if r := sh(t, "cat /etc/resolv.conf"); r.stdout != "new\n" {
		t.Error(r)
	}
	// The other side may be a link as well.
	sh(t, "mv /etc/netns/x/resolv.conf /etc/netns/x.conf; ln -s ../x.conf /etc/netns/x/resolv.conf").want(t, 0)
	inside("cat /etc/resolv.conf")
	sh(t, "rm /etc/netns/x.conf").want(t, 0)
	r := run(t, "netns", "exec", "x", "cat", "/etc/resolv.conf").
		want(t, 0, "/etc/netns/x/resolv.conf: a link that leads nowhere covers nothing")
	if r.stdout != "new\n" {
		t.Error(r)
	}
}
