package monitor

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// The first use of the run directory, by either tool, while the directory is missing or not a mount yet. A running monitor does not
// prevent its removal.
func TestMonitorFirstUse(t *testing.T) {
	for _, first := range []string{"netns create -q", "ip netns add"} {
		for _, dir := range []string{"", "; mkdir /run/netns"} {
			t.Run(first+dir, func(t *testing.T) {
				world.Clean(t)
				world.Sh(t, world.RemoveRunDir+dir).Want(t, 0)
				m := monitor(t, "netns", "monitor")
				defer m.stop(t, syscall.SIGTERM)
				for range 2 {
					world.Sh(t, first+" a").Want(t, 0)
					m.says(t, "add a")
					world.Netns(t, "create", "b")
					m.says(t, "add b")
					world.Netns(t, "delete", "a", "b")
					m.says(t, "delete a", "delete b")
					m.settle(t) // monitor opens the directory for a moment
					world.Sh(t, "for i in $(seq 50); do umount /run/netns 2>/dev/null && break; sleep 0.05; done; rmdir /run/netns").Want(t, 0)
				}
			})
		}
	}
}

// The run directory is moved away, and another one is mounted over it, or over its parent.
func TestMonitorDirectoryReplaced(t *testing.T) {
	world.Clean(t)
	const link = "ln -s /proc/1/ns/net "
	world.Sh(t, "mkdir -p /run/m/netns; cd /run/m/netns; "+link+"a; "+link+"b").Want(t, 0)
	defer os.RemoveAll("/run/m")
	m := monitor(t, "netns", "monitor", "--dir", "/run/m/netns")
	defer m.stop(t, syscall.SIGTERM)
	world.Sh(t, "mv /run/m/netns /run/m/away").Want(t, 0)
	m.says(t, "delete a", "delete b")
	world.Sh(t, link+"/run/m/away/c").Want(t, 0)
	world.Sh(t, "mv /run/m/away /run/m/netns").Want(t, 0)
	var came []string
	for range 3 {
		came = append(came, m.next(t))
	}
	if slices.Sort(came); strings.Join(came, ", ") != "add a, add b, add c" {
		t.Error(came)
	}
	world.Sh(t, "mount -t tmpfs -o mode=755 none /run/m/netns").Want(t, 0)
	m.says(t, "delete a", "delete b", "delete c")
	world.Sh(t, link+"/run/m/netns/d").Want(t, 0)
	m.says(t, "add d")
	world.Sh(t, "umount -l /run/m/netns").Want(t, 0)
	m.says(t, "delete d", "add a", "add b", "add c")
	world.Sh(t, "mount -t tmpfs -o mode=755 none /run/m").Want(t, 0)
	m.says(t, "delete a", "delete b", "delete c")
	world.Sh(t, "mkdir /run/m/netns; "+link+"/run/m/netns/e").Want(t, 0)
	m.says(t, "add e")
	world.Sh(t, "umount -l /run/m").Want(t, 0)
	m.says(t, "delete e", "add a", "add b", "add c")
}

// While monitor is stopped, more events happen than the kernel keeps. monitor reports the lasting changes all the same.
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
	world.Netns(t, "create", "goes", "stays")
	m := monitor(t, "netns", "monitor")
	defer m.stop(t, syscall.SIGTERM)
	m.Process.Signal(syscall.SIGSTOP)
	for range limit { // two events each
		if os.WriteFile("/run/netns/file", nil, 0o600) != nil || os.Remove("/run/netns/file") != nil {
			t.Fatal("cannot make a file")
		}
	}
	world.Netns(t, "delete", "goes")
	world.Netns(t, "create", "comes")
	m.Process.Signal(syscall.SIGCONT)
	m.says(t, "delete goes", "add comes")
	world.Netns(t, "delete", "comes", "stays")
	m.says(t, "delete comes", "delete stays")
}
