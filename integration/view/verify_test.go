package view

import (
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// verify finds a namespace that is not healthy, and its exit code says so.
func TestVerify(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "good", "down", "mute")
	defer world.Netns(t, "delete", "good", "down", "mute")
	if r := world.Netns(t, "verify", "good", "down"); r.Stdout != "good is healthy\ndown is healthy\n" {
		t.Error(r)
	}
	if r := world.Netns(t, "verify", "-q", "good"); r.Stdout != "" {
		t.Error(r)
	}
	world.Sh(t, "ip -n down link set lo down && ip -n mute addr flush dev lo && ip -n mute addr add 10.0.0.1/8 dev lo").Want(t, 0)
	world.Run(t, "netns", "verify", "down").Want(t, 7, "verify down: not healthy", "lo is down")
	world.Run(t, "netns", "verify", "mute").Want(t, 7, "verify mute: not healthy", "127.0.0.1")
	r := world.Run(t, "netns", "verify", "down", "good", "-o", "json").Want(t, 7)
	if !strings.Contains(r.Stdout, `"name":"down","path":"/run/netns/down","healthy":false,"problem":"not healthy: `) ||
		!strings.Contains(r.Stdout, `{"version":1,"name":"good","path":"/run/netns/good","healthy":true}`) {
		t.Error(r)
	}
	world.Sh(t, "touch /run/netns/file").Want(t, 0)
	r = world.Run(t, "netns", "verify", "--all").Want(t, 7, "verify down: not healthy", "verify mute: not healthy", "verify: file is skipped: foreign")
	if r.Stdout != "good is healthy\n" {
		t.Error(r)
	}
	os.Remove("/run/netns/file")
	world.Run(t, "netns", "verify", "--all", "good").Want(t, 2, "--all takes no names")
	if r := world.Netns(t, "verify", "--all", "-j", "--dir", "/run/nowhere"); r.Stdout != "[]\n" {
		t.Error(r)
	}
	world.Run(t, "netns", "verify", "nope").Want(t, 3)
	world.Run(t, "netns", "verify").Want(t, 2)
	world.Sh(t, world.Nobody+"netns verify good").Want(t, 6, "CAP_SYS_ADMIN")
	world.Run(t, "netns", "create", "--rollback-on-fail=false", "--address", "10.0.0.1/8", "--sysctl", "net.nope=1", "kept").Want(t, 8)
	defer world.Netns(t, "delete", "kept")
	world.Run(t, "netns", "verify", "kept").Want(t, 7, "kept incomplete, since its stage sysctl failed")
	if r := world.Netns(t, "inspect", "kept"); !strings.Contains(r.Stdout, "state     kept\n  stage     sysctl\n") ||
		!strings.Contains(r.Stdout, "healthy   no: ") {
		t.Error(r)
	}
}
