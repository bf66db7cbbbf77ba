package monitor

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// monitor reports the namespaces of both tools, when they are mounted and when their names go, and nothing else.
func TestMonitor(t *testing.T) {
	world.Clean(t)
	const dir = "/run/netns"
	world.Netns(t, "create", "before")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	world.Netns(t, "create", "a")
	m.says(t, "add a")
	world.Run(t, "ip", "netns", "add", "b").Want(t, 0)
	m.says(t, "add b")
	world.Netns(t, "delete", "b", "before")
	world.Run(t, "ip", "netns", "del", "a").Want(t, 0)
	m.says(t, "delete b", "delete before", "delete a")

	// ip netns add makes the file first and mounts later. Neither the file nor a mount elsewhere is reported.
	world.Sh(t, "touch /run/netns/x; mkdir /run/m; mount -t tmpfs none /run/m; umount /run/m; rmdir /run/m").Want(t, 0)
	m.saysNothing(t, dir)
	world.Sh(t, "unshare --net=/run/netns/x true").Want(t, 0)
	m.says(t, "add x")
	world.Sh(t, "umount /run/netns/x").Want(t, 0)
	m.saysNothing(t, dir)
	world.Sh(t, "rm /run/netns/x").Want(t, 0)
	m.says(t, "delete x")

	world.Sh(t, "touch /run/netns/y; mkdir /run/netns/z; rm -r /run/netns/y /run/netns/z").Want(t, 0)
	m.saysNothing(t, dir)
}

// Links are renamed, replaced and exchanged; a link without a target is not reported.
func TestMonitorLinks(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	world.Sh(t, "cd /run/netns; ln -s /proc/1/ns/net a; ln -s /nope b").Want(t, 0)
	m.says(t, "add a")
	world.Sh(t, "cd /run/netns; mv a c; ln -s /proc/1/ns/net d; mv d c; mv b c").Want(t, 0)
	m.settle(t)
	// d existed for a moment only.
	lines := slices.DeleteFunc(m.untilMark(t, "/run/netns"), func(line string) bool { return strings.HasSuffix(line, " d") })
	switch s := strings.Join(lines, ", "); s {
	case "delete a", "delete a, add c, delete c", "delete a, add c, delete c, add c, delete c": // depends on when monitor looked
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
	world.Sh(t, "rm /run/netns/c /run/netns/e").Want(t, 0)
	m.says(t, "delete c")
}

// If a transaction is undone, monitor does not report names that were never mounted, and reports the others twice or not at all.
func TestMonitorWithdrawn(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	world.Run(t, "strace", "-f", "-o", "/dev/null", "-e", "trace=mount", "-e", "inject=mount:error=ENOSPC:when=2",
		"netns", "create", "a", "b").Want(t, 1, "no space left on device")
	if lines := fmt.Sprint(m.untilMark(t, "/run/netns")); lines != "[]" && lines != "[add a delete a]" {
		t.Error(lines)
	}
}

// While namespaces come and go, monitor reports each lasting one once, in order, and for each name add and delete alternate.
func TestMonitorBesideMany(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	var stay []string
	var loops sync.WaitGroup
	loops.Go(func() { world.Sh(t, "for i in $(seq 40); do netns create -q p q; netns delete q p; done").Want(t, 0) })
	loops.Go(func() { world.Sh(t, "for i in $(seq 60); do ip netns add r; ip netns del r; done").Want(t, 0) })
	for i := range 10 {
		stay = append(stay, fmt.Sprintf("ours%d", i), fmt.Sprintf("theirs%d", i))
		world.Netns(t, "create", stay[2*i])
		world.Run(t, "ip", "netns", "add", stay[2*i+1]).Want(t, 0)
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
		t.Errorf("printed %q; at the end: %v", said, there)
	}
	world.Netns(t, append([]string{"delete"}, stay...)...)
	for _, name := range stay {
		m.says(t, "delete "+name)
	}
}

func TestMonitorJSON(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
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

// monitor needs no privilege to report every namespace.
func TestMonitorAsNobody(t *testing.T) {
	world.Clean(t)
	world.Sh(t, world.RemoveRunDir).Want(t, 0)
	m := monitor(t, world.AsNobody("netns", "monitor")...)
	defer m.stop(t, syscall.SIGTERM)
	world.Netns(t, "create", "a")
	world.Run(t, "ip", "netns", "add", "b").Want(t, 0)
	m.says(t, "add a", "add b")
	world.Netns(t, "delete", "a", "b")
	m.says(t, "delete a", "delete b")
}

// With -t and -ts, monitor prints times in the forms of ip monitor, and as a key of the JSON.
func TestMonitorTimes(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	for options, want := range map[string]string{
		"-t":                  `^Timestamp: [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \d{4} \d{1,6} usec$`,
		"--tshort":            `^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\] add a$`,
		"-ts":                 `^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\] add a$`,
		"--timestamp -o=json": `"path":"/run/netns/a","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)"}$`,
	} {
		m := monitor(t, append([]string{"netns", "monitor"}, strings.Fields(options)...)...)
		world.Netns(t, "create", "-q", "a")
		if line := m.next(t); !regexp.MustCompile(want).MatchString(line) {
			t.Errorf("%s: %q", options, line)
		}
		if options == "-t" {
			m.says(t, "add a")
		}
		m.stop(t, syscall.SIGTERM)
		world.Netns(t, "delete", "a")
	}
}
