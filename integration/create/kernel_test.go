package create

import (
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// If a kernel lacks a call, netns uses another way, or reports it before it changes anything.
func TestOlderKernels(t *testing.T) {
	world.Clean(t)
	world.Sh(t, world.RemoveRunDir).Want(t, 0)
	world.RunWithout(t, unix.SYS_OPEN_TREE, "netns", "create", "x"). // Linux 5.2
										Want(t, 9, "create x: open_tree: function not implemented", "Linux 5.2")
	if files := world.Files(t, "/run"); slices.Contains(files, "netns") {
		t.Errorf("changed: %q", files)
	}
	world.RunWithout(t, unix.SYS_MOUNT_SETATTR, "netns", "create", "x").Want(t, 0) // 5.12
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 2 {
		t.Errorf("mounts: %q", mounts)
	}
	world.Run(t, "ip", "netns", "exec", "x", "true").Want(t, 0)
	world.RunWithout(t, unix.SYS_MOUNT_SETATTR, "netns", "delete", "x").Want(t, 0)
	// NS_GET_MNTNS_ID came with 6.11.
	world.RunWithout(t, unix.SYS_IOCTL, "netns", "create", "x").Want(t, 0)
	world.Sh(t, "umount /run/netns/x").Want(t, 0)
	if r := world.RunWithout(t, unix.SYS_IOCTL, "netns", "list", "-o", "json"); !strings.Contains(r.Stdout, `"state":"unmounted"`) {
		t.Error(r)
	}
	world.RunWithout(t, unix.SYS_IOCTL, "netns", "recover").Want(t, 0)
}
