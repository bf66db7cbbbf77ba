package deletion

import (
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/holders"
	"github.com/netns-go/netns/internal/world"
)

// If /proc hides processes, delete kills none and removes no name. It names a missing capability.
func TestDeleteKillHidepid(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	defer world.Netns(t, "delete", "--kill", "x")
	sleep := world.Start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	service := world.Service(world.EnoughCapabilities + ",+kill")
	for _, option := range []string{"hidepid=1", "hidepid=2", "hidepid=4", "hidepid=invisible,gid=65534"} {
		for _, kill := range []string{"--kill", "--kill --force", "--kill --wait -q"} {
			world.Sh(t, "unshare -m sh -c 'mount -t proc -o "+option+" proc /proc && exec "+service+"netns delete "+kill+" x'").
				Want(t, 6, "/run/netns/x: /proc is mounted with hidepid=", "needs CAP_SYS_PTRACE")
			lives(t, sleep, "x\n")
		}
	}
	// Root has the capability, and sees all processes.
	world.Sh(t, "unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc && exec netns delete --kill x'").Want(t, 0)
	world.Netns(t, "create", "-q", "x")
}

// A container that shares the run directory does not see the host's processes.
func TestDeleteKillInContainer(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x", "y")
	world.Sh(t, "ip netns add foreign").Want(t, 0)
	sleep := world.Start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	const container = "unshare --mount --pid --fork --kill-child --mount-proc --propagation "
	const hidden = "/run/netns/x: processes may be hidden: "
	world.Sh(t, "unshare --mount sh -c 'mount -t tmpfs none /proc && exec netns delete --kill x'").Want(t, 9, "/proc must be mounted")
	lives(t, sleep, "foreign\nx\ny\n")
	for _, test := range []struct{ where, delete, why string }{
		{container + "private", "--kill x y", hidden + "/proc shows the processes of a container only"},
		{container + "slave", "--kill --wait x y", hidden},
		{container + "private", "--kill --all", "may be hidden"},
		{"unshare --pid --fork", "--kill x", hidden + fmt.Sprintf("process %d is inside, and in another PID namespace", sleep)},
		{"unshare --mount sh -c 'unshare --pid --fork --kill-child sh -c \"mount -t proc proc /proc; exec sleep 1\" & " +
			"until ! test -e /proc/self; do :; done; exec \"$@\"' sh", "--kill x", "/proc: processes may be hidden: "},
	} {
		world.Sh(t, test.where+" netns delete "+test.delete).Want(t, 8, test.why, "run it where they are seen, or use --force")
		lives(t, sleep, "foreign\nx\ny\n")
	}
	// Another tool leaves no record of the place where it made the namespace.
	world.Run(t, "netns", "delete", "--kill", "y", "foreign").Want(t, 8, "/run/netns/foreign: processes may be hidden: ")
	lives(t, sleep, "foreign\nx\ny\n")
	ns, err := netns.Open("foreign")
	if err != nil {
		t.Fatal(err)
	}
	var unseen *holders.HiddenError
	if err := holders.Kill(t.Context(), holders.KillOptions{}, ns); !errors.As(err, &unseen) {
		t.Errorf("Kill: %v", err)
	}
	ns.Close()
	world.Netns(t, "delete", "--kill", "--force", "foreign")
	// A namespace from the container is different: its processes are seen there.
	world.Sh(t, container+`private sh -c 'netns create -q z && { netns exec z sleep 60 & } && until netns pids z | grep -q .; do :; done &&
		netns delete --kill z && ! grep -qsx sleep /proc/[0-9]*/comm'`).Want(t, 0)
	world.Sh(t, "ip netns exec x netns delete --kill y").Want(t, 0)
	lives(t, sleep, "x\n")
	world.Sh(t, "unshare --pid --fork netns delete --kill --force y x").Want(t, 3, fmt.Sprintf("x: the name is gone, but the namespace lives on: process %d ", sleep))
	world.Netns(t, "create", "-q", "x")
	world.Sh(t, container+"private sh -c 'netns delete --kill --force x && ! test -e /run/netns/x'").Want(t, 0)
}

// delete --kill deletes only the namespace that it opened. If another namespace got the name meanwhile, the other one stays.
func TestDeleteKillMeant(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x", "y")
	victim(t, `trap '' TERM; echo; while :; do sleep 0.05; done`)
	cmd := world.Command("netns", "delete", "--kill", "--grace=2s", "x", "new", "y")
	results := make(chan world.Result)
	go func() { results <- world.Finish(t, cmd) }()
	time.Sleep(700 * time.Millisecond)
	world.Run(t, "netns", "delete", "-q", "x").Want(t, 0)
	world.Netns(t, "create", "-q", "x", "new")
	sleep := world.Start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	(<-results).Want(t, 3, "warning: x: another process removed the name first; the name exists again and was left alone",
		"delete new: /run/netns/new: no such network namespace when delete began; a new namespace has since taken the name and was left alone")
	lives(t, sleep, "new\nx\n")
	world.Netns(t, "delete", "--kill", "x", "new")

	// If the name is gone and no other namespace has it, delete succeeds.
	world.Netns(t, "create", "-q", "x")
	victim(t, `trap '' TERM; echo; while :; do sleep 0.05; done`)
	cmd = world.Command("netns", "delete", "--kill", "--grace=1s", "x")
	go func() { results <- world.Finish(t, cmd) }()
	time.Sleep(500 * time.Millisecond)
	world.Run(t, "netns", "delete", "-q", "x").Want(t, 0)
	(<-results).Want(t, 0, "warning: x: another process removed the name first\n")
}
