package integration

import (
	"slices"
	"testing"

	"github.com/netns-go/netns/integration/world"
)

// Without what an older kernel lacks: either there is another way, or it is said before anything is changed.
func TestOlderKernels(t *testing.T) {
	world.Clean(t)
	without := func(call string, args ...string) result {
		return run(t, append([]string{"strace", "-f", "-o", "/dev/null", "-e", "inject=" + call + ":error=ENOSYS"}, args...)...)
	}
	sh(t, fresh).want(t, 0)
	without("open_tree", "netns", "create", "x").want(t, 9, "create x: open_tree: function not implemented", "Linux 5.2")
	if files := world.Files(t, "/run"); slices.Contains(files, "netns") {
		t.Errorf("changed: %q", files)
	}
	without("mount_setattr", "netns", "create", "x").want(t, 0) // 5.12
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 2 {
		t.Errorf("mounts: %q", mounts)
	}
	run(t, "ip", "netns", "exec", "x", "true").want(t, 0)
	netns(t, "delete", "x")
	without("ioctl", "netns", "create", "x").want(t, 0) // NS_GET_MNTNS_ID, 6.11
	netns(t, "delete", "x")
}
