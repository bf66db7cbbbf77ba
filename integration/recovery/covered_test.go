package recovery

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// Another tool mounts the run directory onto itself once more, over the namespaces: every name then shows a bare claim, although its
// namespace is mounted. Nothing is removed, the messages name the cure, and after it everything is as before.
func TestCoveredByItself(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x", "y")
	world.Run(t, "ip", "netns", "add", "z").Want(t, 0)
	world.Sh(t, "mount --bind /run/netns /run/netns").Want(t, 0)
	for _, words := range [][]string{{"recover", "--dry-run"}, {"recover"}} {
		r := world.Run(t, append([]string{"netns"}, words...)...)
		r.Want(t, 8)
		if text := r.Stdout + r.Stderr; strings.Count(text, "umount uncovers it") != 3 || strings.Contains(strings.ToLower(text), "remove") {
			t.Error(r)
		}
	}
	for range 2 {
		world.Run(t, "netns", "delete", "x").Want(t, 5, "umount uncovers it")
		world.Run(t, "netns", "create", "x").Want(t, 4, "unmounted by hand")
		world.Run(t, "netns", "exec", "x", "true").Want(t, 125, "unmounted by hand", "netns attach")
	}
	world.Sh(t, "umount /run/netns").Want(t, 0)
	if r := world.Netns(t, "list", "-o", "table"); strings.Count(r.Stdout, "ready") != 3 {
		t.Error(r)
	}
	world.Netns(t, "recover")
	world.Netns(t, "exec", "x", "true")
	world.Netns(t, "delete", "x", "y", "z")
}
