package integration

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// withoutVar holds the number of a system call that a command is to be run without.
const withoutVar = "NETNS_TEST_WITHOUT"

// without runs a command under a seccomp filter that answers ENOSYS to a system call, as a kernel does that lacks it; of
// ioctl, only to NS_GET_MNTNS_ID.
func without(t *testing.T, call int, args ...string) result {
	t.Helper()
	path := command(args...)
	cmd := exec.Command("/proc/self/exe", append([]string{"-test.run=^TestWithoutCall$"}, path.Args...)...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", withoutVar, call))
	return finish(t, cmd)
}

// TestWithoutCall is no test, but what without starts.
func TestWithoutCall(t *testing.T) {
	var call uint32
	if _, err := fmt.Sscan(os.Getenv(withoutVar), &call); err != nil {
		return
	}
	runtime.LockOSThread()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 4},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_IOCTL, Jf: 2},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 16 + 8}, // seccomp_data.args[1], its lower half
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.NS_GET_MNTNS_ID, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		t.Fatal(err)
	}
	os.Unsetenv(withoutVar)
	args := os.Args[2:]
	t.Fatal(unix.Exec(args[0], args, os.Environ()))
}

// Without what an older kernel lacks: either there is another way, or it is said before anything is changed.
func TestOlderKernels(t *testing.T) {
	world.Clean(t)
	sh(t, fresh).want(t, 0)
	without(t, unix.SYS_OPEN_TREE, "netns", "create", "x"). // Linux 5.2
								want(t, 9, "create x: open_tree: function not implemented", "Linux 5.2")
	if files := world.Files(t, "/run"); slices.Contains(files, "netns") {
		t.Errorf("changed: %q", files)
	}
	without(t, unix.SYS_MOUNT_SETATTR, "netns", "create", "x").want(t, 0) // 5.12
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 2 {
		t.Errorf("mounts: %q", mounts)
	}
	run(t, "ip", "netns", "exec", "x", "true").want(t, 0)
	without(t, unix.SYS_MOUNT_SETATTR, "netns", "delete", "x").want(t, 0)
	// NS_GET_MNTNS_ID came with 6.11.
	without(t, unix.SYS_IOCTL, "netns", "create", "x").want(t, 0)
	sh(t, "umount /run/netns/x").want(t, 0)
	if r := without(t, unix.SYS_IOCTL, "netns", "list", "-o", "json"); !strings.Contains(r.stdout, `"state":"unmounted"`) {
		t.Error(r)
	}
	without(t, unix.SYS_IOCTL, "netns", "recover").want(t, 0)
}
