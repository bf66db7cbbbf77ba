package pids

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestPidsErrors(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	defer world.Netns(t, "delete", "--force", "x", "stale")
	world.Start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	world.Sh(t, ": >/run/netns/stale").Want(t, 0)
	world.Run(t, "ip", "netns", "pids", "stale").Want(t, 0) // ip says nothing
	world.Run(t, "netns", "pids", "stale").Want(t, 4, "pids stale: /run/netns/stale: exists: not a network namespace")
	world.Run(t, "netns", "pids", "nope").Want(t, 3, "no such network namespace")
	world.Run(t, "netns", "pids").Want(t, 2, "takes one name")
	world.Run(t, "netns", "pids", "x", "y").Want(t, 2, "takes one name")
	world.Run(t, "netns", "pids", "-o", "nope", "x").Want(t, 2, "unknown format")
	// pids leaves out the processes that an ordinary user may not see.
	r := world.Run(t, world.AsNobody("netns", "pids", "--all", "-o", "json", "x")...).Want(t, 0)
	if r.Stdout != "[]\n" {
		t.Error(r)
	}
	for _, p := range world.Processes(t) {
		if strings.HasSuffix(p, "(sleep") {
			world.Sh(t, "kill "+strings.Fields(p)[0]).Want(t, 0) // the shell's own kill: a bare machine has no other
		}
	}
	world.Until(t, func() bool { return world.Netns(t, "pids", "x").Stdout == "" })
}
