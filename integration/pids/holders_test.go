package pids

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/holders"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// inside calls make in the namespace x, and passes the returned descriptor to a process outside, as its descriptor 3.
func inside(t testing.TB, make func() (int, error)) (pid int) {
	t.Helper()
	ns, err := netns.Open("x")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	fd := -1
	if err := ns.Do(t.Context(), func() (err error) { fd, err = make(); return err }); err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "inside")
	defer file.Close()
	sleep := exec.Command("sleep", "60")
	sleep.ExtraFiles = []*os.File{file}
	return world.Start(t, sleep, "sleep")
}

// pids names each kind of holder, and so does delete after it has removed the name. ip shows processes only.
func TestHolders(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x", "y")
	defer world.Netns(t, "delete", "y")
	defer os.Remove("/run/m")
	process := world.Start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	holder, thread, _ := world.StartThread(t, "x")
	opener := world.Start(t, exec.Command("sh", "-c", "exec sleep 60 9</run/netns/x"), "sleep")
	socket := inside(t, func() (int, error) { return unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) })
	mounter := world.Start(t, exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c",
		"touch /run/m; mount --bind /run/netns/x /run/m && umount /run/netns/x && exec sleep 60"), "sleep")

	for _, pids := range []string{"ip netns pids", "netns pids", "netns pid"} {
		if r := world.Sh(t, pids+" x").Want(t, 0); r.Stdout != fmt.Sprintln(process) || r.Stderr != "" {
			t.Error(r)
		}
	}
	type row struct {
		Version       int
		Kind          string
		PID, TID, FD  int
		Path, Command string
	}
	var rows []row
	if err := json.Unmarshal([]byte(world.Netns(t, "pids", "--all", "-o", "json", "x").Stdout), &rows); err != nil {
		t.Fatal(err)
	}
	want := []row{
		{1, "process", process, 0, 0, "", "sleep"},
		{1, "thread", holder, thread, 0, "", "exe"},
		{1, "descriptor", opener, 0, 9, "", "sleep"},
		{1, "socket", socket, 0, 3, "", "sleep"},
		{1, "mount", mounter, 0, 0, "/run/m", "sleep"},
	}
	var others []row // ip netns exec has a mount namespace with the name in it
	for _, r := range rows {
		if r.Path != "/run/netns/x" {
			others = append(others, r)
		}
	}
	if fmt.Sprint(others) != fmt.Sprint(want) {
		t.Errorf("pids --all shows %v, want %v", others, want)
	}
	if r := world.Netns(t, "-j", "pids", "x"); !strings.HasPrefix(r.Stdout, fmt.Sprintf(`[{"version":1,"kind":"process","pid":%d,"command":"sleep"}]`, process)) {
		t.Error(r)
	}
	if r := world.Netns(t, "pids", "--all", "x"); !strings.HasPrefix(r.Stdout, "PID ") ||
		!strings.Contains(strings.Join(strings.Fields(r.Stdout), " "), fmt.Sprintf(" %d thread %d exe %d descriptor 9 sleep ", holder, thread, opener)) {
		t.Error(r)
	}
	if r := world.Netns(t, "pids", "--all", "-o", "json", "y"); !strings.HasPrefix(r.Stdout, "[") || strings.Contains(r.Stdout, `"process"`) {
		t.Error(r)
	}
	r := world.Run(t, "netns", "delete", "x").Want(t, 0)
	if want := fmt.Sprintf("netns: warning: x: the name is gone, but the namespace lives on: process %d (sleep), thread %d of process %d (exe), "+
		"descriptor 9 of process %d (sleep), socket 3 of process %d (sleep), a mount at /run/m in the mount namespace of process %d (sleep); "+
		"netns attach x %[1]d gives it a name again\n", process, thread, holder, opener, socket, mounter); r.Stderr != want {
		t.Errorf("want %q, got %v", want, r)
	}
}

// The caller's own descriptors of a namespace do not count, but its sockets and threads do.
func TestHoldersOurselves(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	ns, err := netns.Open("x")
	if err != nil {
		t.Fatal(err)
	}
	kinds := func() (kinds string) {
		all, err := holders.Of(t.Context(), ns, ns)
		if err != nil || fmt.Sprint(all[0]) != fmt.Sprint(all[1]) {
			t.Error(all, err)
		}
		for _, h := range all[0] {
			kinds += string(h.Kind) + " "
		}
		return kinds
	}
	if got := kinds(); got != "mount " {
		t.Errorf("held by %s", got)
	}
	fd := -1
	err = ns.Do(t.Context(), func() (err error) {
		fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if got := kinds(); got != "thread mount " {
			t.Errorf("with a thread, held by %s", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	world.Until(t, func() bool { return kinds() == "socket mount " }) // the thread may take a moment to end
	unix.Close(fd)
	ns.Close()
	world.Netns(t, "delete", "x")
}

// A TUN device's descriptor is a socket of the namespace that it was opened in.
func TestHolderTUN(t *testing.T) {
	world.Clean(t)
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip(err)
	}
	world.Netns(t, "create", "-q", "x")
	pid := inside(t, func() (int, error) { return unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0) })
	world.Run(t, "netns", "delete", "x").Want(t, 0, fmt.Sprintf("lives on: socket 3 of process %d (sleep)\n", pid))
}
