package world

import (
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in the kernel's seccomp_data.
const (
	callOffset = 0
	argsOffset = 16
)

// RunWithout runs a command under a seccomp filter that answers ENOSYS to a system call, as a kernel without that call does;
// of ioctl, only to NS_GET_MNTNS_ID.
func RunWithout(t testing.TB, call uint32, args ...string) Result {
	t.Helper()
	return runFiltered(t, []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: callOffset},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 4},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_IOCTL, Jf: 2},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: argument(1)},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.NS_GET_MNTNS_ID, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}, args)
}

// RunWithoutUserNamespaces runs a command under a seccomp filter that answers EPERM to clone with CLONE_NEWUSER, as the filters
// of container managers do.
func RunWithoutUserNamespaces(t testing.TB, args ...string) Result {
	t.Helper()
	return runFiltered(t, []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: callOffset},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_CLONE, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: argument(0)},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: unix.CLONE_NEWUSER, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}, args)
}

// argument returns the offset of the lower half of a system call's argument.
func argument(i uint32) uint32 {
	offset := argsOffset + 8*i
	if bigEndian := *(*byte)(unsafe.Pointer(&[]uint16{1}[0])) == 0; bigEndian {
		offset += 4
	}
	return offset
}

// runFiltered starts this program again, which installs the filter and becomes the command.
func runFiltered(t testing.TB, filter []unix.SockFilter, args []string) Result {
	t.Helper()
	text, err := json.Marshal(filter)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", Command(args...).Args...)
	cmd.Env = append(os.Environ(), filterVar+"="+string(text))
	return Finish(t, cmd)
}

// becomeFiltered replaces this process by a command under a seccomp filter. It returns only if that fails.
func becomeFiltered(text string, args []string) error {
	runtime.LockOSThread()
	os.Unsetenv(filterVar)
	var filter []unix.SockFilter
	if err := json.Unmarshal([]byte(text), &filter); err != nil {
		return err
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return err
	}
	return unix.Exec(path, args, os.Environ())
}
