package exec

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// The kernel refuses a call although the caller has the capability: the message asks for no capability, and names possible causes.
func TestRefusedWithCapability(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	const there = "CAP_SYS_ADMIN is there, but "
	for command, want := range map[string]string{
		"strace -f -qq -o /dev/null -e inject=setns:error=EACCES netns exec x true": "exec x: setns: permission denied: " + there + "something else refuses it, most likely a security module (AppArmor, SELinux)",
		"strace -f --seccomp-bpf -qq -o /dev/null -e trace=setns -e inject=setns:error=EPERM netns exec x true": "exec x: setns: operation not permitted: " +
			there + "this process has a seccomp filter",
		"strace -f -qq -o /dev/null -e inject=unshare:error=EPERM netns exec x true":                            "exec x: unshare: operation not permitted: " + there,
		"strace -f -qq -o /dev/null -e inject=setgroups:error=EPERM netns exec --user games x true":             "exec x: setgroups: operation not permitted: CAP_SETGID is there, but ",
		"strace -f -qq -o /dev/null -e inject=move_mount:error=EPERM netns exec x true":                         "exec x: move_mount /sys: operation not permitted: " + there,
		"strace -f -qq -o /dev/null -e inject=unshare:error=EPERM netns run true":                               "run: unshare: operation not permitted: " + there,
		"strace -f -qq -o /dev/null -e inject=unshare:error=ENOSPC netns exec x true":                           "exec x: unshare: no space left on device: a limit is reached, and user.max_mnt_namespaces is ",
		"strace -f -qq -o /dev/null -e inject=fsmount:error=ENOSPC netns exec x true":                           "exec x: fsmount sysfs: no space left on device: a limit is reached, and user.max_mnt_namespaces is ",
		"strace -f -qq -o /dev/null -e inject=move_mount:error=ENOSPC netns exec x true":                        "exec x: move_mount /sys: no space left on device: a limit is reached, and fs.mount-max is ",
		"unshare -U -r setpriv --bounding-set -sys_admin netns exec x true":                                     "exec x: setns: operation not permitted: entering a network namespace needs CAP_SYS_ADMIN",
		"unshare -U -r netns exec x true":                                                                       "exec x: setns: operation not permitted: entering a network namespace, in what another user namespace owns, needs CAP_SYS_ADMIN",
		"unshare -U -r -m sh -c 'mount -t tmpfs run /run && netns create -q y && netns exec --user 0:0 y true'": "setgroups: operation not permitted: this user namespace lets nobody change groups",
	} {
		if r := world.Sh(t, command).Want(t, 125, want); strings.Contains(want, there) && strings.Contains(r.Stderr, "needs CAP_") {
			t.Error(r)
		}
	}
	// The real limit, not an injected error.
	world.Sh(t, "unshare -U -r -m sh -c 'mount -t tmpfs run /run && netns create -q y && echo 0 >/proc/sys/user/max_mnt_namespaces && netns exec y true'").
		Want(t, 125, "a limit is reached, and user.max_mnt_namespaces is 0 here: raise it with sysctl")
	world.Netns(t, "delete", "x")
}
