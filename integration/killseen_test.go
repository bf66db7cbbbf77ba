package integration

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// Where /proc hides processes nobody is killed and no name is taken away. A missing capability is named.
func TestDeleteKillHidepid(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	defer netns(t, "delete", "--kill", "x")
	sleep := start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	const capabilities = "+sys_admin,+net_admin,+net_raw,+dac_override,+kill"
	const service = "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=" + capabilities + " --ambient-caps=" + capabilities
	for _, option := range []string{"hidepid=1", "hidepid=2", "hidepid=4", "hidepid=invisible,gid=65534"} {
		for _, kill := range []string{"--kill", "--kill --force", "--kill --wait -q"} {
			sh(t, "unshare -m sh -c 'mount -t proc -o "+option+" proc /proc && exec "+service+" netns delete "+kill+" x'").
				want(t, 6, "/run/netns/x: /proc is mounted with hidepid=", "needs CAP_SYS_PTRACE")
			lives(t, sleep, "x\n")
		}
	}
	// Root has the capability, and sees all.
	sh(t, "unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc && exec netns delete --kill x'").want(t, 0)
	netns(t, "create", "-q", "x")
}

// In a container that shares the run directory, the host's processes are not seen.
func TestDeleteKillInContainer(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x", "y")
	sh(t, "ip netns add foreign").want(t, 0)
	sleep := start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	const container = "unshare --mount --pid --fork --kill-child --mount-proc --propagation "
	const hidden = "/run/netns/x: processes may be hidden: "
	sh(t, "unshare --mount sh -c 'mount -t tmpfs none /proc && exec netns delete --kill x'").want(t, 9, "/proc must be mounted")
	lives(t, sleep, "foreign\nx\ny\n")
	for _, test := range []struct{ where, delete, why string }{
		{container + "private", "--kill x y", hidden + "/proc shows the processes of a container only"},
		{container + "slave", "--kill --wait x y", hidden},
		{container + "private", "--kill --all", "may be hidden"},
		{"unshare --pid --fork", "--kill x", hidden + fmt.Sprintf("process %d is inside, and in another PID namespace", sleep)},
		{"unshare --mount sh -c 'unshare --pid --fork --kill-child sh -c \"mount -t proc proc /proc; exec sleep 1\" & " +
			"until ! test -e /proc/self; do :; done; exec \"$@\"' sh", "--kill x", "/proc: processes may be hidden: "},
	} {
		sh(t, test.where+" netns delete "+test.delete).want(t, 8, test.why, "run it where they are seen, or use --force")
		lives(t, sleep, "foreign\nx\ny\n")
	}
	// Another tool leaves no record of where it made one.
	run(t, "netns", "delete", "--kill", "y", "foreign").want(t, 8, "/run/netns/foreign: processes may be hidden: ")
	lives(t, sleep, "foreign\nx\ny\n")
	ns, err := library.Open("", "foreign")
	if err != nil {
		t.Fatal(err)
	}
	var unseen *library.HiddenError
	if err := library.Kill(t.Context(), syscall.SIGTERM, 0, ns); !errors.As(err, &unseen) {
		t.Errorf("Kill: %v", err)
	}
	ns.Close()
	netns(t, "delete", "--kill", "--force", "foreign")
	// What was made in the container, its processes see.
	sh(t, container+`private sh -c 'netns create -q z && { netns exec z sleep 60 & } && until netns pids z | grep -q .; do :; done &&
		netns delete --kill z && ! grep -qsx sleep /proc/[0-9]*/comm'`).want(t, 0)
	sh(t, "ip netns exec x netns delete --kill y").want(t, 0)
	lives(t, sleep, "x\n")
	sh(t, "unshare --pid --fork netns delete --kill --force y x").want(t, 3, fmt.Sprintf("x: the name is gone, but the namespace lives on: process %d ", sleep))
	netns(t, "create", "-q", "x")
	sh(t, container+"private sh -c 'netns delete --kill --force x && ! test -e /run/netns/x'").want(t, 0)
}

// What was deleted is the namespace that was opened. Another one, that has its name since then, is left alone.
func TestDeleteKillMeant(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x", "y")
	victim(t, `trap '' TERM; echo; while :; do sleep 0.05; done`)
	cmd := command("netns", "delete", "--kill", "--grace=2s", "x", "new", "y")
	results := make(chan result)
	go func() { results <- finish(t, cmd) }()
	time.Sleep(700 * time.Millisecond)
	run(t, "netns", "delete", "-q", "x").want(t, 0)
	netns(t, "create", "-q", "x", "new")
	sleep := start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	(<-results).want(t, 3, "warning: x: another process has removed the name meanwhile; what has it now is left alone",
		"delete new: /run/netns/new: no such network namespace when delete began; the one that was made since then is left")
	lives(t, sleep, "new\nx\n")
	netns(t, "delete", "--kill", "x", "new")

	// A name that is just gone is what was asked for.
	netns(t, "create", "-q", "x")
	victim(t, `trap '' TERM; echo; while :; do sleep 0.05; done`)
	cmd = command("netns", "delete", "--kill", "--grace=1s", "x")
	go func() { results <- finish(t, cmd) }()
	time.Sleep(500 * time.Millisecond)
	run(t, "netns", "delete", "-q", "x").want(t, 0)
	(<-results).want(t, 0, "warning: x: another process has removed the name meanwhile\n")
}
