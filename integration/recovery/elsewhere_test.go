package recovery

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// In a mount namespace that hides the mount, create warns. The host sees that the namespace is mounted elsewhere, and leaves it.
func TestCreateInAnotherMountNamespace(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "first")
	const private = "unshare --mount --propagation private "
	inside := world.Shell("exec " + private + `sh -c 'netns create hidden && read line && netns exec hidden true && netns list'`)
	stdin, err := inside.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan world.Result)
	go func() { done <- world.Finish(t, inside) }()
	world.Until(t, func() bool { return len(world.Files(t, "/run/netns")) == 2 })
	time.Sleep(200 * time.Millisecond) // the name appears before the end of create
	if r := world.Netns(t, "list", "-o", "json"); !strings.Contains(r.Stdout, `"state":"elsewhere"`) {
		t.Error(r)
	}
	// The namespace lives on elsewhere, and no repair removes it.
	world.Run(t, "netns", "recover").Want(t, 8, "1 of 1 left alone")
	world.Run(t, "netns", "create", "hidden").Want(t, 4, "mounted in another mount namespace", "netns delete --force")
	world.Run(t, "netns", "delete", "hidden").Want(t, 4, "mounted in another mount namespace", "--force")
	world.Run(t, "netns", "exec", "hidden", "true").Want(t, 125, "mounted in another mount namespace")
	fmt.Fprintln(stdin)
	r := (<-done).Want(t, 0, "netns: warning: ", "this mount namespace only")
	if !strings.HasSuffix(r.Stdout, "first\nhidden\n") {
		t.Error(r)
	}
	// The mount namespace is gone now, and recover finds that out if the kernel shows it.
	if tellsMountNamespaces(t) {
		world.Run(t, "netns", "exec", "hidden", "true").Want(t, 125, "stale")
		if r := world.Netns(t, "recover"); !strings.Contains(r.Stdout, `Removed "/run/netns/hidden": `) {
			t.Error(r)
		}
		world.Sh(t, private+"netns create -q hidden").Want(t, 0)
	} else {
		world.Run(t, "netns", "recover").Want(t, 8, "1 of 1 left alone")
	}
	world.Netns(t, "delete", "--force", "hidden")

	// If the mount is seen outside, create does not warn.
	world.Sh(t, "unshare --mount --propagation unchanged netns create seen").Want(t, 0)
	if r := world.Sh(t, "unshare --mount --propagation unchanged netns create -q seen2"); r.Stderr != "" || r.Stdout != "" {
		t.Error(r)
	}
	world.Netns(t, "delete", "first", "seen", "seen2")
}

// In a mount namespace with a private run directory, a namespace of the machine is a bare file, and its processes are not in /proc. Nothing
// there proves that the namespace is dead, so no verb removes the file.
func TestOthersAreLeft(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "first")
	bootID := world.Scratch + "/boot_id"
	os.WriteFile(bootID, []byte("11111111-2222-3333-4444-555555555555\n"), 0o644)
	defer os.Remove(bootID)
	ownBoot := "mount --bind " + bootID + " /proc/sys/kernel/random/boot_id"
	places := map[string]*surrounding{
		"container":                        surround(t, container, "true", ""),
		"container that made its own":      surround(t, container, "netns create -q own", ""),
		"container with its own boot id":   surround(t, container, ownBoot, ""),
		"mounts with their own boot id":    surround(t, "--propagation private", ownBoot, ""),
		"service under hidepid=2":          surround(t, "--propagation private", "mount -t proc -o hidepid=2 proc /proc", world.Service(world.EnoughCapabilities)),
		"unit with /proc subset=pid":       surround(t, "--propagation private", "mount -t proc -o subset=pid proc /proc", ""),
		"user namespace with root mapped":  surround(t, "-U -r -p --mount-proc --propagation private", "true", ""),
		"container that sees what is made": surround(t, "-p --mount-proc --propagation slave", "true", ""),
	}
	world.Netns(t, "create", "-q", "live", "second")
	world.Sh(t, "ip netns add theirs").Want(t, 0)
	names := []string{"first", "live", "second", "theirs"}
	before := map[string]string{}
	for _, name := range names {
		before[name] = inodeOf(t, name)
		sleeper := exec.Command(world.Binary(), "exec", name, "sleep", "600")
		if err := sleeper.Start(); err != nil {
			t.Fatal(err)
		}
		defer sleeper.Wait()
		defer sleeper.Process.Kill()
	}
	time.Sleep(11 * time.Second) // from then on, an empty file counts as a leftover
	for place, s := range places {
		sees := place == "container that sees what is made"
		for _, line := range []string{"netns recover --dry-run", "netns recover", "netns delete live", "netns create -q live",
			"netns create -q --if-not-exists live second", "netns delete theirs", "netns create -q theirs", "netns recover"} {
			if sees && strings.Contains(line, "delete") {
				continue // there, delete deletes
			}
			r := s.run(t, line)
			if r.Code == 0 && !sees && !strings.Contains(line, "recover") {
				t.Errorf("in a %s: %v", place, r)
			}
			if r.Code != 8 && !sees && strings.Contains(line, "recover") {
				t.Errorf("in a %s: %v", place, r)
			}
			for _, name := range names {
				if now := inodeOf(t, name); now != before[name] {
					t.Fatalf("in a %s, %s has ended %s: %v", place, line, name, r)
				}
			}
		}
		if r := s.run(t, "netns list -o name"); r.Code != 0 || !strings.Contains(r.Stderr, "live\n") || !strings.Contains(r.Stderr, "theirs\n") {
			t.Errorf("in a %s: %v", place, r)
		}
	}
	for _, name := range names {
		world.Netns(t, "exec", name, "true")
	}
	world.Netns(t, "delete", "-q", "--force", "own")
	world.Netns(t, append([]string{"delete", "-q"}, names...)...)
}

func inodeOf(t *testing.T, name string) string {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Lstat(filepath.Join("/run/netns", name), &st); err != nil {
		return err.Error()
	}
	return strconv.FormatUint(st.Ino, 10)
}

// A bind mount may keep a mount namespace without processes.
func TestPinnedMountNamespace(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "first")
	dir := world.Scratch + "/pinned"
	world.Sh(t, "mkdir "+dir+" && mount --bind "+dir+" "+dir+" && mount --make-private "+dir+" && touch "+dir+"/m").Want(t, 0)
	defer world.Sh(t, "umount -l "+dir+"/m "+dir+"; rm -r "+dir)
	world.Sh(t, "for i in $(seq 40); do unshare --mount="+dir+"/m --propagation private true && exit; done; exit 1").Want(t, 0) // the kernel refuses it at times
	enter := "nsenter --mount=" + dir + "/m "
	world.Sh(t, enter+"netns create -q inside").Want(t, 0)
	world.Run(t, "netns", "recover").Want(t, 8, "1 of 1 left alone")
	world.Run(t, "netns", "delete", "inside").Want(t, 4, "mounted in another mount namespace")
	world.Run(t, "netns", "create", "inside").Want(t, 4)
	world.Sh(t, enter+"netns exec inside true").Want(t, 0)
	world.Sh(t, enter+"netns delete inside").Want(t, 0)
	world.Netns(t, "delete", "first")
}

// If the mount namespace of a name is proven gone, after a container's restart or the end of a unit, every verb goes on. If the kernel
// gives no proof, every verb leaves the name, except a forced deletion.
func TestMountNamespaceIsGone(t *testing.T) {
	told := tellsMountNamespaces(t)
	for line, untold := range map[string]int{
		"netns delete x": 4, "netns create -q x": 4, "netns create -q --if-not-exists x": 4, "netns recover": 8, "netns delete --force x": 0,
	} {
		world.Clean(t)
		world.Netns(t, "create", "-q", "first")
		world.Sh(t, "unshare -m --propagation private netns create -q x").Want(t, 0)
		code := 0
		if !told {
			code = untold
		}
		world.Sh(t, line).Want(t, code)
		if r := world.Run(t, "netns", "recover", "-o", "json"); (r.Stdout == "[]\n") != (code == 0) {
			t.Error(line, r)
		}
		world.Sh(t, "netns delete --force --if-exists x first").Want(t, 0)
	}
}

// tellsMountNamespaces reports whether the kernel gives a mount namespace an id, and so lists its mounts by that.
func tellsMountNamespaces(t *testing.T) bool {
	t.Helper()
	f, err := os.Open("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var id uint64
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.NS_GET_MNTNS_ID, uintptr(unsafe.Pointer(&id)))
	return errno == 0
}
