package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// threadVar makes this program one whose main thread is outside and another one inside of the namespace of that name.
const threadVar = "NETNS_TEST_THREAD"

func init() {
	if name := os.Getenv(threadVar); name != "" {
		ns, err := library.Open("", name)
		if err == nil {
			err = ns.Do(context.Background(), func() error {
				ns.Close()
				fmt.Println(unix.Gettid())
				time.Sleep(time.Hour) // select {} is a deadlock to the runtime of a program without cgo
				return nil
			})
		}
		fmt.Println(err)
		os.Exit(1)
	}
}

// start starts a command that ends with the test, and returns once it has become the named one.
func start(t testing.TB, cmd *exec.Cmd, name string) (pid int) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	until(t, func() bool {
		comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cmd.Process.Pid))
		return string(comm) == name+"\n"
	})
	return cmd.Process.Pid
}

// until waits for a minute at most: what the kernel does later, it does for one namespace after the other, and for all who
// are on the machine.
func until(t testing.TB, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ready(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

// startThread starts a process of which only one thread is in the namespace x.
func startThread(t testing.TB) (pid, tid int, cmd *exec.Cmd) {
	t.Helper()
	cmd = exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), threadVar+"=x")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	pid = start(t, cmd, "exe")
	if _, err := fmt.Fscan(stdout, &tid); err != nil {
		t.Fatal(err)
	}
	return pid, tid, cmd
}

// inside calls make in the namespace x and lets a process outside inherit the descriptor that it returns, as its number 3.
func inside(t testing.TB, make func() (int, error)) (pid int) {
	t.Helper()
	ns, err := library.Open("", "x")
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
	return start(t, sleep, "sleep")
}

// Each kind of holder is named, by pids and, once the name is gone, by delete; ip tells of processes only.
func TestHolders(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x", "y")
	defer netns(t, "delete", "y")
	defer os.Remove("/run/m")
	process := start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	holder, thread, _ := startThread(t)
	opener := start(t, exec.Command("sh", "-c", "exec sleep 60 9</run/netns/x"), "sleep")
	socket := inside(t, func() (int, error) { return unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) })
	mounter := start(t, exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c",
		"touch /run/m; mount --bind /run/netns/x /run/m && umount /run/netns/x && exec sleep 60"), "sleep")

	for _, pids := range []string{"ip netns pids", "netns pids", "netns pid"} {
		if r := sh(t, pids+" x").want(t, 0); r.stdout != fmt.Sprintln(process) || r.stderr != "" {
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
	if err := json.Unmarshal([]byte(netns(t, "pids", "--all", "-o", "json", "x").stdout), &rows); err != nil {
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
	if r := netns(t, "-j", "pids", "x"); !strings.HasPrefix(r.stdout, fmt.Sprintf(`[{"version":1,"kind":"process","pid":%d,"command":"sleep"}]`, process)) {
		t.Error(r)
	}
	if r := netns(t, "pids", "--all", "x"); !strings.HasPrefix(r.stdout, "PID ") ||
		!strings.Contains(strings.Join(strings.Fields(r.stdout), " "), fmt.Sprintf(" %d thread %d exe %d descriptor 9 sleep ", holder, thread, opener)) {
		t.Error(r)
	}
	if r := netns(t, "pids", "--all", "-o", "json", "y"); !strings.HasPrefix(r.stdout, "[") || strings.Contains(r.stdout, `"process"`) {
		t.Error(r)
	}
	r := run(t, "netns", "delete", "x").want(t, 0)
	if want := fmt.Sprintf("netns: warning: x: the name is gone, but the namespace lives on: process %d (sleep), thread %d of process %d (exe), "+
		"descriptor 9 of process %d (sleep), socket 3 of process %d (sleep), a mount at /run/m in the mount namespace of process %d (sleep)\n",
		process, thread, holder, opener, socket, mounter); r.stderr != want {
		t.Errorf("want %q, got %v", want, r)
	}
}

// The caller's own descriptors of a namespace do not count, but its sockets and threads do.
func TestHoldersOurselves(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	ns, err := library.Open("", "x")
	if err != nil {
		t.Fatal(err)
	}
	kinds := func() (kinds string) {
		all, err := library.Holders(t.Context(), ns, ns)
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
	until(t, func() bool { return kinds() == "socket mount " }) // the thread may take a moment to end
	unix.Close(fd)
	ns.Close()
	netns(t, "delete", "x")
}

// A TUN device's descriptor is a socket of the namespace that it was opened in.
func TestHolderTUN(t *testing.T) {
	world.Clean(t)
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip(err)
	}
	netns(t, "create", "-q", "x")
	pid := inside(t, func() (int, error) { return unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0) })
	run(t, "netns", "delete", "x").want(t, 0, fmt.Sprintf("lives on: socket 3 of process %d (sleep)\n", pid))
}

// ip deletes without a word, and so do we with -q. Otherwise each name is told of once, and of many holders a handful.
func TestDeleteWarns(t *testing.T) {
	world.Clean(t)
	for _, quiet := range []string{"ip netns del x", "netns -q delete x"} {
		netns(t, "create", "-q", "x")
		pid := start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
		if r := sh(t, quiet).want(t, 0); r.stdout+r.stderr != "" {
			t.Error(r)
		}
		if link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid)); err != nil || !strings.HasPrefix(link, "net:") {
			t.Errorf("the namespace should live on: %q, %v", link, err)
		}
	}
	netns(t, "create", "-q", "x", "y", "z")
	for range 7 {
		start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	}
	sh(t, "touch /run/netns/also /run/netns/again; mount --bind /run/netns/y /run/netns/also; mount --bind /run/netns/y /run/netns/again").want(t, 0)
	r := run(t, "netns", "delete", "x", "y", "z").want(t, 0, "x: the name is gone", " (sleep), and ",
		"y: the name is gone, but the namespace lives on: the name also, the name again, a mount at ")
	if lines := strings.Count(r.stderr, "\n"); lines != 2 {
		t.Error(r)
	}
	if r := run(t, "netns", "delete", "also", "again").want(t, 0); strings.Contains(r.stderr, "the name ag") {
		t.Error(r)
	}
}

// However many names are deleted, /proc is looked through once for as many as half of the files that may be open.
func TestDeleteManyLooksOnce(t *testing.T) {
	world.Clean(t)
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("n%d", i))
	}
	netns(t, append([]string{"create", "-q", "--verify=false"}, names...)...)
	trace := filepath.Join(t.TempDir(), "trace")
	run(t, append([]string{"strace", "-f", "--seccomp-bpf", "-e", "trace=openat", "-o", trace, "prlimit", "--nofile=512", "netns", "delete"}, names...)...).want(t, 0)
	calls, err := os.ReadFile(trace)
	if looks := strings.Count(string(calls), `"/proc", `); err != nil || looks != 2 {
		t.Errorf("%d looks, %v", looks, err)
	}
}

func TestPidsErrors(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	defer netns(t, "delete", "--force", "x", "stale")
	start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	sh(t, ": >/run/netns/stale").want(t, 0)
	run(t, "ip", "netns", "pids", "stale").want(t, 0) // ip says nothing
	run(t, "netns", "pids", "stale").want(t, 4, "pids stale: /run/netns/stale: exists: not a network namespace")
	run(t, "netns", "pids", "nope").want(t, 3, "no such network namespace")
	run(t, "netns", "pids").want(t, 2, "takes one name")
	run(t, "netns", "pids", "x", "y").want(t, 2, "takes one name")
	run(t, "netns", "pids", "-o", "nope", "x").want(t, 2, "unknown format")
	// What an ordinary user may not see is left out.
	r := run(t, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "netns", "pids", "--all", "-o", "json", "x").want(t, 0)
	if r.stdout != "[]\n" {
		t.Error(r)
	}
	for _, p := range world.Processes(t) {
		if strings.HasSuffix(p, "(sleep") {
			sh(t, "kill "+strings.Fields(p)[0]).want(t, 0) // the shell's own: a bare machine has no other
		}
	}
	until(t, func() bool { return netns(t, "pids", "x").stdout == "" })
}
