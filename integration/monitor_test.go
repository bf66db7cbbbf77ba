package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// Both tools' namespaces are said when they are mounted and when their names go, and nothing else is.
func TestMonitor(t *testing.T) {
	world.Clean(t)
	const dir = "/run/netns"
	netns(t, "create", "before")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	netns(t, "create", "a")
	m.says(t, "add a")
	run(t, "ip", "netns", "add", "b").want(t, 0)
	m.says(t, "add b")
	netns(t, "delete", "b", "before")
	run(t, "ip", "netns", "del", "a").want(t, 0)
	m.says(t, "delete b", "delete before", "delete a")

	// ip netns add makes the file first and mounts later. The file says nothing, nor does a mount elsewhere.
	sh(t, "touch /run/netns/x; mkdir /run/m; mount -t tmpfs none /run/m; umount /run/m; rmdir /run/m").want(t, 0)
	m.saysNothing(t, dir)
	sh(t, "unshare --net=/run/netns/x true").want(t, 0)
	m.says(t, "add x")
	sh(t, "umount /run/netns/x").want(t, 0)
	m.saysNothing(t, dir)
	sh(t, "rm /run/netns/x").want(t, 0)
	m.says(t, "delete x")

	sh(t, "touch /run/netns/y; mkdir /run/netns/z; rm -r /run/netns/y /run/netns/z").want(t, 0)
	m.saysNothing(t, dir)
}

// A link is renamed, replaced and exchanged; one that leads nowhere is nothing.
func TestMonitorLinks(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	sh(t, "cd /run/netns; ln -s /proc/1/ns/net a; ln -s /nope b").want(t, 0)
	m.says(t, "add a")
	sh(t, "cd /run/netns; mv a c; ln -s /proc/1/ns/net d; mv d c; mv b c").want(t, 0)
	m.settle(t)
	// d was there for a moment only.
	lines := slices.DeleteFunc(m.untilMark(t, "/run/netns"), func(line string) bool { return strings.HasSuffix(line, " d") })
	switch s := strings.Join(lines, ", "); s {
	case "delete a", "delete a, add c, delete c", "delete a, add c, delete c, add c, delete c": // by how soon it looked
	default:
		t.Errorf("got %q", s)
	}
	if err := os.Symlink("/proc/1/ns/net", "/run/netns/e"); err != nil {
		t.Fatal(err)
	}
	m.says(t, "add e")
	if err := unix.Renameat2(unix.AT_FDCWD, "/run/netns/c", unix.AT_FDCWD, "/run/netns/e", unix.RENAME_EXCHANGE); err != nil {
		t.Fatal(err)
	}
	m.says(t, "delete e", "add c")
	sh(t, "rm /run/netns/c /run/netns/e").want(t, 0)
	m.says(t, "delete c")
}

// A transaction that is withdrawn: what was never mounted is not said, what was is said twice or not at all.
func TestMonitorWithdrawn(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	run(t, "strace", "-f", "-o", "/dev/null", "-e", "trace=mount", "-e", "inject=mount:error=ENOSPC:when=2",
		"netns", "create", "a", "b").want(t, 1, "no space left on device")
	if lines := fmt.Sprint(m.untilMark(t, "/run/netns")); lines != "[]" && lines != "[add a delete a]" {
		t.Error(lines)
	}
}

// While namespaces come and go beside, each that stays is said once, in order, and for each name add and delete alternate.
func TestMonitorBesideMany(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	var stay []string
	var loops sync.WaitGroup
	loops.Go(func() { sh(t, "for i in $(seq 40); do netns create -q p q; netns delete q p; done").want(t, 0) })
	loops.Go(func() { sh(t, "for i in $(seq 60); do ip netns add r; ip netns del r; done").want(t, 0) })
	for i := range 10 {
		stay = append(stay, fmt.Sprintf("ours%d", i), fmt.Sprintf("theirs%d", i))
		netns(t, "create", stay[2*i])
		run(t, "ip", "netns", "add", stay[2*i+1]).want(t, 0)
	}
	loops.Wait()
	said, there := []string{}, map[string]bool{}
	for _, line := range m.untilMark(t, "/run/netns") {
		event, name, _ := strings.Cut(line, " ")
		if there[name] == (event == "add") {
			t.Errorf("%s, again", line)
		}
		if there[name] = event == "add"; there[name] && len(name) > 1 {
			said = append(said, name)
		}
	}
	if !slices.Equal(said, stay) || there["p"] || there["q"] || there["r"] {
		t.Errorf("said %q, at last there: %v", said, there)
	}
	netns(t, append([]string{"delete"}, stay...)...)
	for _, name := range stay {
		m.says(t, "delete "+name)
	}
}

// The very first use of the run directory, by either tool, whether it is there and no mount yet or not there at all. That
// the monitor runs keeps nobody from taking it away again.
func TestMonitorFirstUse(t *testing.T) {
	for _, first := range []string{"netns create -q", "ip netns add"} {
		for _, dir := range []string{"", "; mkdir /run/netns"} {
			t.Run(first+dir, func(t *testing.T) {
				world.Clean(t)
				sh(t, fresh+dir).want(t, 0)
				m := monitor(t, "netns", "monitor")
				defer m.stop(t, syscall.SIGTERM)
				for range 2 {
					sh(t, first+" a").want(t, 0)
					m.says(t, "add a")
					netns(t, "create", "b")
					m.says(t, "add b")
					netns(t, "delete", "a", "b")
					m.says(t, "delete a", "delete b")
					m.settle(t) // it opens the directory for a moment
					sh(t, "for i in $(seq 50); do umount /run/netns 2>/dev/null && break; sleep 0.05; done; rmdir /run/netns").want(t, 0)
				}
			})
		}
	}
}

// A run directory that is moved away, and another that is mounted over it or over the one above.
func TestMonitorDirectoryReplaced(t *testing.T) {
	world.Clean(t)
	const link = "ln -s /proc/1/ns/net "
	sh(t, "mkdir -p /run/m/netns; cd /run/m/netns; "+link+"a; "+link+"b").want(t, 0)
	defer os.RemoveAll("/run/m")
	m := monitor(t, "netns", "monitor", "--dir", "/run/m/netns")
	defer m.stop(t, syscall.SIGTERM)
	sh(t, "mv /run/m/netns /run/m/away").want(t, 0)
	m.says(t, "delete a", "delete b")
	sh(t, link+"/run/m/away/c").want(t, 0)
	sh(t, "mv /run/m/away /run/m/netns").want(t, 0)
	var came []string
	for range 3 {
		came = append(came, m.next(t))
	}
	if slices.Sort(came); strings.Join(came, ", ") != "add a, add b, add c" {
		t.Error(came)
	}
	sh(t, "mount -t tmpfs -o mode=755 none /run/m/netns").want(t, 0)
	m.says(t, "delete a", "delete b", "delete c")
	sh(t, link+"/run/m/netns/d").want(t, 0)
	m.says(t, "add d")
	sh(t, "umount -l /run/m/netns").want(t, 0)
	m.says(t, "delete d", "add a", "add b", "add c")
	sh(t, "mount -t tmpfs -o mode=755 none /run/m").want(t, 0)
	m.says(t, "delete a", "delete b", "delete c")
	sh(t, "mkdir /run/m/netns; "+link+"/run/m/netns/e").want(t, 0)
	m.says(t, "add e")
	sh(t, "umount -l /run/m").want(t, 0)
	m.says(t, "delete e", "add a", "add b", "add c")
}

// More events than the kernel keeps, while the monitor cannot look: what stays and what has gone is said all the same.
func TestMonitorOverflow(t *testing.T) {
	world.Clean(t)
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	var limit int
	if _, scanErr := fmt.Sscan(string(text), &limit); err != nil || scanErr != nil {
		t.Fatal(err, scanErr)
	}
	if limit > 1<<17 {
		t.Skipf("fs.inotify.max_queued_events is %d", limit)
	}
	netns(t, "create", "goes", "stays")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	m.Process.Signal(syscall.SIGSTOP)
	for range limit { // two events each
		if os.WriteFile("/run/netns/file", nil, 0o600) != nil || os.Remove("/run/netns/file") != nil {
			t.Fatal("cannot make a file")
		}
	}
	netns(t, "delete", "goes")
	netns(t, "create", "comes")
	m.Process.Signal(syscall.SIGCONT)
	m.says(t, "delete goes", "add comes")
	netns(t, "delete", "comes", "stays")
	m.says(t, "delete comes", "delete stays")
}

func TestMonitorJSON(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	for _, option := range []string{"-o=json", "-j"} {
		m := monitor(t, "netns", "monitor", option)
		for _, name := range []string{"a", "a b", "\"\n\x1b", "<&>"} {
			path := "/run/netns/" + name
			if err := os.Symlink("/proc/1/ns/net", path); err != nil {
				t.Fatal(err)
			}
			add := m.next(t)
			os.Remove(path)
			for event, line := range map[string]string{"add": add, "delete": m.next(t)} {
				var got map[string]any
				if err := json.Unmarshal([]byte(line), &got); err != nil {
					t.Errorf("%q: %v", line, err)
				}
				want := map[string]any{"version": 1., "event": event, "name": name, "path": path}
				if fmt.Sprint(got) != fmt.Sprint(want) || !strings.HasPrefix(line, `{"version":1,"event":`) {
					t.Errorf("got %s, want %v", line, want)
				}
			}
		}
		m.stop(t, syscall.SIGTERM)
	}
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	if err := os.Symlink("/proc/1/ns/net", "/run/netns/a\nb"); err != nil {
		t.Fatal(err)
	}
	os.Remove("/run/netns/a\nb")
	if lines := fmt.Sprint(m.untilMark(t, "/run/netns")); lines != `[add "a\nb" delete "a\nb"]` && lines != "[]" {
		t.Error(lines)
	}
}

// It needs no privilege, and who has none is told of every namespace all the same.
func TestMonitorAsNobody(t *testing.T) {
	world.Clean(t)
	sh(t, fresh).want(t, 0)
	m := monitor(t, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	netns(t, "create", "a")
	run(t, "ip", "netns", "add", "b").want(t, 0)
	m.says(t, "add a", "add b")
	netns(t, "delete", "a", "b")
	m.says(t, "delete a", "delete b")
}

// A signal ends it, without a word and at once: also while its output is not read, and the pipe full.
func TestMonitorSignals(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		monitor(t, "netns", "monitor").stop(t, sig)
	}
	m := unread(t, "netns", "monitor")
	fill(t)
	m.settle(t)
	close(m.lines)
	m.stop(t, syscall.SIGTERM)
}

// fill makes and removes more names than fit a pipe.
func fill(t *testing.T) {
	t.Helper()
	names := make([]string, 400)
	for i := range names {
		names[i] = fmt.Sprintf("/run/netns/%04d%s", i, strings.Repeat("x", 240))
		if err := os.Symlink("/proc/1/ns/net", names[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		defer os.Remove(name)
	}
}

// Nobody reads any more: it ends at once, without a word, also while nothing happens or the pipe is full.
func TestMonitorReaderGone(t *testing.T) {
	for name, before := range map[string]func(*testing.T){"idle": func(*testing.T) {}, "full": fill} {
		t.Run(name, func(t *testing.T) {
			world.Clean(t)
			creatable(t, "first")
			m := unread(t, "netns", "monitor")
			before(t)
			m.settle(t)
			m.stdout.Close()
			close(m.lines)
			m.ends(t, 0)
		})
	}
}

func TestMonitorErrors(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	run(t, "netns", "monitor", "x").want(t, 2, "monitor: takes no names")
	run(t, "netns", "monitor", "-o", "nope").want(t, 2, `unknown format "nope"; there is json`)
	run(t, "netns", "monitor", "--dir", "/run/nope/netns").want(t, 1, "monitor: inotify_add_watch /run/nope: no such file or directory")
	run(t, "netns", "monitor", "--dir", "/etc/passwd").want(t, 1, "the run directory must be one")
	sh(t, "mkdir -m 777 /run/open; netns monitor --dir /run/open; code=$?; rmdir /run/open; exit $code").want(t, 1, "not to be trusted")
	full := monitor(t, "sh", "-c", `exec "$0" monitor >/dev/full`, os.Getenv(binaryVar))
	netns(t, "create", "a")
	defer netns(t, "delete", "a")
	for range full.lines {
	}
	if full.Wait(); full.ProcessState.ExitCode() != 8 || !strings.Contains(full.stderr.String(), "no space left on device") {
		t.Errorf("%v %q", full.ProcessState, full.stderr.String())
	}
}

// What ours is for: into a pipe, ip netns monitor says nothing, since it waits for its buffer to be full.
func TestIPMonitorHoldsBack(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	theirs, ours := unread(t, "ip", "netns", "monitor"), monitor(t, "netns", "monitor")
	defer ours.stop(t, syscall.SIGTERM)
	netns(t, "create", "a")
	ours.says(t, "add a")
	netns(t, "delete", "a")
	ours.says(t, "delete a")
	theirs.settle(t)
	waiting, err := unix.IoctlGetInt(int(theirs.stdout.(*os.File).Fd()), unix.TIOCINQ)
	if err != nil || waiting > 0 {
		t.Errorf("%d bytes, %v", waiting, err)
	}
	theirs.Process.Kill()
	theirs.Wait()
}
