package deletion

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// ip deletes without a warning, and netns with -q, too. Otherwise delete warns once for each name, with a handful of many holders.
func TestDeleteWarns(t *testing.T) {
	world.Clean(t)
	for _, quiet := range []string{"ip netns del x", "netns -q delete x"} {
		world.Netns(t, "create", "-q", "x")
		pid := world.Start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
		if r := world.Sh(t, quiet).Want(t, 0); r.Stdout+r.Stderr != "" {
			t.Error(r)
		}
		if link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid)); err != nil || !strings.HasPrefix(link, "net:") {
			t.Errorf("the namespace should live on: %q, %v", link, err)
		}
	}
	world.Netns(t, "create", "-q", "x", "y", "z")
	for range 7 {
		world.Start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	}
	world.Sh(t, "touch /run/netns/also /run/netns/again; mount --bind /run/netns/y /run/netns/also; mount --bind /run/netns/y /run/netns/again").Want(t, 0)
	r := world.Run(t, "netns", "delete", "x", "y", "z").Want(t, 0, "x: the name is gone", " (sleep), and ",
		"y: the name is gone, but the namespace lives on: the name also, the name again, a mount at ")
	if lines := strings.Count(r.Stderr, "\n"); lines != 2 {
		t.Error(r)
	}
	if r := world.Run(t, "netns", "delete", "also", "again").Want(t, 0); strings.Contains(r.Stderr, "the name ag") {
		t.Error(r)
	}
}

// delete scans /proc once for many names: for as many as half of the limit of open files.
func TestDeleteManyLooksOnce(t *testing.T) {
	world.Clean(t)
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("n%d", i))
	}
	world.Netns(t, append([]string{"create", "-q", "--verify=false"}, names...)...)
	trace := filepath.Join(t.TempDir(), "trace")
	world.Run(t, append([]string{"strace", "-f", "--seccomp-bpf", "-e", "trace=openat", "-o", trace, "prlimit", "--nofile=512", "netns", "delete"}, names...)...).Want(t, 0)
	calls, err := os.ReadFile(trace)
	if looks := strings.Count(string(calls), `"/proc", `); err != nil || looks != 2 {
		t.Errorf("%d looks, %v", looks, err)
	}
}
