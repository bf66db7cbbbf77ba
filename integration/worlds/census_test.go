//go:build linux && (amd64 || arm64)

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	machine "github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// On the machine itself the kernel lists the mounts of all mount namespaces. While another mount namespace has a mount on a file of
// another tool, or on a file that was unmounted here by hand, recover leaves the file. After that, recover removes it.
func TestCensus(t *testing.T) {
	machine.NeedRoot(t)
	if !tellsAllMounts(t) {
		t.Log("the kernel does not tell a process here about all mount namespaces")
		return
	}
	netns := machine.Binary()
	if netns == "" {
		netns = machine.BuildReplaced(t, "../../cmd/netns", nil)
	}
	script := `
exec 2>&1
while umount -l /run/netns 2>/dev/null; do :; done
mount -t tmpfs -o mode=755 run /run || exit 99
"$1" create -q first copy && : >/run/netns/theirs && : >/run/netns/left && mkfifo /run/up /run/go || exit 99
unshare --mount --propagation private sh -c 'mount --bind /proc/self/ns/net /run/netns/theirs && echo >/run/up; read x </run/go' &
read x </run/up
umount /run/netns/copy || exit 99
sleep 11
echo while it lives; "$1" recover
echo >/run/go; wait
echo afterwards; "$1" recover; echo $?; ls /run/netns; "$1" delete first`
	out, err := exec.Command("unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", script, "sh", netns).Output()
	before, after, _ := strings.Cut(string(out), "afterwards\n")
	for text, want := range map[string][]string{
		before: {`Left "/run/netns/copy": its namespace was unmounted by hand here, and is still mounted in another mount namespace`,
			`Left "/run/netns/theirs": it is another tool's, and may be mounted in another mount namespace`, `Removed "/run/netns/left": `},
		after: {`Removed "/run/netns/copy": `, `Removed "/run/netns/theirs": `, "\n0\nfirst\n"},
	} {
		for _, line := range want {
			if err != nil || !strings.Contains(text, line) {
				t.Errorf("no %q in\n%s%v", line, out, err)
			}
		}
	}
}

// tellsAllMounts reports whether the kernel has NS_MNT_GET_NEXT for this process (linux/nsfs.h).
func tellsAllMounts(t *testing.T) bool {
	t.Helper()
	f, err := os.Open("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info := struct {
		size, mounts uint32
		id           uint64
	}{size: 16}
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), 0x8010b70b, uintptr(unsafe.Pointer(&info)))
	if errno == 0 {
		unix.Close(int(fd))
	}
	return errno == 0 || errno == unix.ENOENT
}
