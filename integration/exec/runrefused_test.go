package exec

import (
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// If the kernel refuses user namespaces, the message names the reason and what to do about it.
func TestRunRefused(t *testing.T) {
	world.Clean(t)
	const both = "run: unshare: operation not permitted: making a network namespace needs CAP_SYS_ADMIN; a user namespace cannot be made either"
	nobody := strings.Join(world.AsNobody(), " ")

	// Each user namespace has its own limit.
	world.Sh(t, "unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && "+
		"exec setpriv --bounding-set=-all netns run true'").
		Want(t, 125, both, "no space left on device", "user.max_user_namespaces is 0 here")

	world.RunWithoutUserNamespaces(t, world.AsNobody("netns", "run", "true")...).Want(t, 125, both, "operation not permitted", "seccomp filter", "docker")

	// The sysctls of distributions, which this kernel may lack. The filter has their effect.
	for sysctl, want := range map[string]string{
		"kernel.unprivileged_userns_clone=0":             "kernel.unprivileged_userns_clone is 0: ",
		"kernel.apparmor_restrict_unprivileged_userns=1": "AppArmor profile with `userns,`",
	} {
		key, value, _ := strings.Cut(strings.TrimPrefix(sysctl, "kernel."), "=")
		script := "mount -t tmpfs none /proc/sys/kernel && echo " + value + " >/proc/sys/kernel/" + key + " && exec " + nobody +
			" " + world.Binary() + " run true"
		world.RunWithoutUserNamespaces(t, "unshare", "--mount", "sh", "-c", script).Want(t, 125, both, want)
	}

	// In a chroot.
	world.Sh(t, "mkdir -p /srv/root/proc && cp "+world.Binary()+" /srv/root/netns").Want(t, 0)
	defer os.RemoveAll("/srv/root")
	for proc, want := range map[string]string{
		"mount --bind /proc /srv/root/proc": "this is a chroot",
		"true":                              "a security module or a chroot",
	} {
		world.Sh(t, "unshare --mount sh -c '"+proc+"; exec chroot --userspec=65534:65534 /srv/root /netns run /netns'").Want(t, 125, both, want)
	}
}
