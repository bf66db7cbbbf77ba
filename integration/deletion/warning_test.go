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

// The warning has the command that gives the namespace a name again. It says a process once, however many descriptors it has, and
// also if the namespace had several names.
func TestDeleteWarnsWithAttach(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a b")
	world.Sh(t, `touch /run/netns/same; mount --bind "/run/netns/a b" /run/netns/same`).Want(t, 0)
	pid := world.Start(t, exec.Command("ip", "netns", "exec", "a b", "sh", "-c", "exec sleep 60 8</run/netns/same 9<&8"), "sleep")
	want := fmt.Sprintf("netns: warning: a b, same: the names are gone, but the namespace lives on: process %d (sleep); "+
		"netns attach 'a b' %[1]d gives it a name again\n", pid)
	r := world.Run(t, "netns", "delete", "a b", "same").Want(t, 0)
	if r.Stderr != want {
		t.Errorf("want %s, got %v", want, r)
	}
	world.Sh(t, fmt.Sprintf("netns attach 'a b' %d", pid)).Want(t, 0)
	world.Run(t, "netns", "delete", "--wait", "--timeout=100ms", "a b").Want(t, 124, "netns attach 'a b' ")
	world.Run(t, "netns", "attach", "--own", "mine", "1").Want(t, 0)
	world.Run(t, "netns", "delete", "mine").Want(t, 0, "netns attach --own mine 1 gives it a name again")
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
