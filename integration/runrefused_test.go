package integration

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// filterVar marks a process that is to refuse user namespaces to what it becomes.
const filterVar = "NETNS_TEST_FILTER"

// filtered runs a command under a seccomp filter that answers EPERM to clone with CLONE_NEWUSER, as a container's does.
func filtered(t *testing.T, args ...string) result {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", append([]string{"-test.run=^TestFiltered$"}, command(args...).Args...)...)
	cmd.Env = append(os.Environ(), filterVar+"=1")
	return finish(t, cmd)
}

// TestFiltered is no test, but what filtered starts.
func TestFiltered(t *testing.T) {
	if os.Getenv(filterVar) == "" {
		return
	}
	runtime.LockOSThread()
	flags := uint32(16) // of seccomp_data: the low half of the first argument
	if *(*byte)(unsafe.Pointer(&[]uint16{1}[0])) == 0 {
		flags += 4
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_CLONE, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: unix.CLONE_NEWUSER, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		t.Fatal(err)
	}
	os.Unsetenv(filterVar)
	path, err := exec.LookPath(os.Args[2])
	if err == nil {
		err = unix.Exec(path, os.Args[2:], os.Environ())
	}
	t.Fatal(err)
}

// Where user namespaces are refused, it is said by what, and what to do about it.
func TestRunRefused(t *testing.T) {
	world.Clean(t)
	const both = "run: unshare: operation not permitted: making a network namespace needs CAP_SYS_ADMIN; a user namespace cannot be made either"
	nobody := strings.Join(asNobody(), " ")

	// The limit is each user namespace's own.
	sh(t, "unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && "+
		"exec setpriv --bounding-set=-all netns run true'").
		want(t, 125, both, "no space left on device", "user.max_user_namespaces is 0 here")

	filtered(t, asNobody("netns", "run", "true")...).want(t, 125, both, "operation not permitted", "seccomp filter", "docker")

	// The distributions' sysctls, which this kernel may not have, beside the filter that does what they do.
	for sysctl, want := range map[string]string{
		"kernel.unprivileged_userns_clone=0":             "kernel.unprivileged_userns_clone is 0: ",
		"kernel.apparmor_restrict_unprivileged_userns=1": "AppArmor profile with `userns,`",
	} {
		key, value, _ := strings.Cut(strings.TrimPrefix(sysctl, "kernel."), "=")
		script := "mount -t tmpfs none /proc/sys/kernel && echo " + value + " >/proc/sys/kernel/" + key + " && exec " + nobody +
			" " + os.Getenv(binaryVar) + " run true"
		filtered(t, "unshare", "--mount", "sh", "-c", script).want(t, 125, both, want)
	}

	// In a chroot.
	sh(t, "mkdir -p /srv/root/proc && cp "+os.Getenv(binaryVar)+" /srv/root/netns").want(t, 0)
	defer os.RemoveAll("/srv/root")
	for proc, want := range map[string]string{
		"mount --bind /proc /srv/root/proc": "this is a chroot",
		"true":                              "a security module or a chroot",
	} {
		sh(t, "unshare --mount sh -c '"+proc+"; exec chroot --userspec=65534:65534 /srv/root /netns run /netns'").want(t, 125, both, want)
	}
}
