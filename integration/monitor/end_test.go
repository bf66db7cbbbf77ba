package monitor

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A signal ends monitor at once and silently, also while its output is not read and the pipe is full.
func TestMonitorSignals(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		monitor(t, "netns", "monitor").stop(t, sig)
	}
	m := unread(t, "netns", "monitor")
	fill(t)
	m.settle(t)
	close(m.lines)
	m.stop(t, syscall.SIGTERM)
}

// fill makes and removes so many names that the events do not fit into a pipe.
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

// When the reader is gone, monitor ends at once and silently, also while nothing happens or the pipe is full.
func TestMonitorReaderGone(t *testing.T) {
	for name, before := range map[string]func(*testing.T){"idle": func(*testing.T) {}, "full": fill} {
		t.Run(name, func(t *testing.T) {
			world.Clean(t)
			world.Creatable(t, "first")
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
	world.Creatable(t, "first")
	world.Run(t, "netns", "monitor", "-o", "json", "x").Want(t, 2, "monitor: takes no names")
	world.Run(t, "netns", "monitor", "-o", "nope").Want(t, 2, `unknown format "nope"; there is json`)
	world.Run(t, "netns", "monitor", "--dir", "/run/nope/netns").Want(t, 1, "monitor: inotify_add_watch /run/nope: no such file or directory")
	world.Run(t, "netns", "monitor", "--dir", "/etc/passwd").Want(t, 1, "the run directory must be one")
	world.Sh(t, "mkdir -m 777 /run/open; netns monitor --dir /run/open; code=$?; rmdir /run/open; exit $code").Want(t, 1, "not to be trusted")
	full := monitor(t, "sh", "-c", `exec "$0" monitor >/dev/full`, world.Binary())
	world.Netns(t, "create", "a")
	defer world.Netns(t, "delete", "a")
	for range full.lines {
	}
	if full.Wait(); full.ProcessState.ExitCode() != 8 || !strings.Contains(full.stderr.String(), "no space left on device") {
		t.Errorf("%v %q", full.ProcessState, full.stderr.String())
	}
}

// Into a pipe, ip netns monitor prints nothing until its buffer is full; netns monitor prints each event at once.
func TestIPMonitorHoldsBack(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	theirs, ours := unread(t, "ip", "netns", "monitor"), monitor(t, "netns", "monitor")
	defer ours.stop(t, syscall.SIGTERM)
	world.Netns(t, "create", "a")
	ours.says(t, "add a")
	world.Netns(t, "delete", "a")
	ours.says(t, "delete a")
	theirs.settle(t)
	waiting, err := unix.IoctlGetInt(int(theirs.stdout.(*os.File).Fd()), unix.TIOCINQ)
	if err != nil || waiting > 0 {
		t.Errorf("%d bytes, %v", waiting, err)
	}
	theirs.Process.Kill()
	theirs.Wait()
}
