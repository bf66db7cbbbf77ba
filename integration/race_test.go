package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
)

// Races of two processes, won by the one or the other: strace delays one of them at the point in question.

const fresh = "! mountpoint -q /run/netns || umount /run/netns; rm -rf /run/netns"

// delayed runs a command that waits at a system call, some seconds as inject says, and meanwhile calls do. Strace counts the
// calls of each thread: with an option before the verb, those of a create's parent are on one.
func delayed(t *testing.T, do func(), inject string, args ...string) result {
	t.Helper()
	call, _, _ := strings.Cut(inject, ":")
	log := filepath.Join(t.TempDir(), "strace")
	cmd := command(append([]string{"strace", "-f", "-o", log, "-e", "trace=" + call, "-e", "inject=" + inject}, args...)...)
	done := make(chan result)
	go func() { done <- finish(t, cmd) }()
	awaitDelay(t, log, call)
	do()
	return <-done
}

// awaitDelay waits until strace delays a call: its log then ends with a call that has begun, or with one that is marked, and
// stays so. A call that is not delayed looks so only for a moment.
func awaitDelay(t *testing.T, log, call string) {
	t.Helper()
	var last string
	since := time.Now()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		content, _ := os.ReadFile(log)
		if now := string(content); now != last {
			last, since = now, time.Now()
		}
		begun := strings.Count(last, call+"(") > strings.Count(last, " = ")
		if (begun || strings.Contains(last, "(DELAYED)")) && time.Since(since) > 300*time.Millisecond {
			return
		}
	}
	t.Fatalf("%s was not delayed: %q", call, last)
}

// pidOf returns the process whose arguments end so; strace's own are others.
func pidOf(t *testing.T, arguments string) int {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		cmdline, _ := os.ReadFile(path)
		line := strings.TrimSuffix(strings.ReplaceAll(string(cmdline), "\x00", " "), " ")
		if strings.HasPrefix(line, os.Getenv(binaryVar)) && strings.HasSuffix(line, arguments) {
			var pid int
			fmt.Sscanf(path, "/proc/%d/", &pid)
			return pid
		}
	}
	t.Fatalf("no process with %q", arguments)
	return 0
}

// Whoever opens the run directory before it is a mount, and goes on after it became one, does not mount below it.
func TestFirstUseBesideAnother(t *testing.T) {
	world.Clean(t)
	sh(t, fresh).want(t, 0)
	r := delayed(t, func() { netns(t, "create", "b") }, "mount:delay_enter=2000000:when=1", "netns", "create", "a")
	r.want(t, 0)
	sh(t, "netns exec a true && netns exec b true").want(t, 0)
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 3 {
		t.Errorf("mounts: %q", mounts)
	}
	netns(t, "delete", "a", "b")
}

// A namespace that another tool mounts in the run directory while that becomes a mount is not unmounted, though hidden.
func TestFirstUseBesideAnotherTool(t *testing.T) {
	world.Clean(t)
	sh(t, fresh+"; mkdir /run/netns").want(t, 0)
	late := func() { sh(t, "touch /run/netns/late; unshare --net=/run/netns/late true").want(t, 0) }
	delayed(t, late, "move_mount:delay_enter=2000000:when=1", "netns", "create", "a").want(t, 0)
	netns(t, "delete", "a")
	sh(t, "umount /run/netns").want(t, 0)
	sh(t, "nsenter --net=/run/netns/late true && umount /run/netns/late && rm /run/netns/late").want(t, 0)
}

// A signal that comes when the transaction is as good as committed either wins or comes too late. It must not make the
// child take back what the parent then reports as made.
func TestSignalAtCommit(t *testing.T) {
	world.Clean(t)
	creatable(t, "x")
	term := func() {
		if err := syscall.Kill(pidOf(t, "create --quiet at-commit"), syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	r := delayed(t, term, "pwrite64:delay_enter=2000000:when=2", "netns", "--verbose=false", "create", "--quiet", "at-commit")
	list := netns(t, "list").stdout
	switch {
	case r.code == 0 && list == "at-commit\n":
		netns(t, "delete", "at-commit")
	case r.code == 128+int(syscall.SIGTERM) && list == "":
	default:
		t.Errorf("list %q, %v", list, r)
	}
}

// A pipe that nobody reads is output that cannot be written, not an end without a word.
func TestBrokenPipe(t *testing.T) {
	world.Clean(t)
	sh(t, `{ sleep 0.2; netns create x; echo "code $?" >&2; } | true`).want(t, 0, "created, but standard output could not be written", "broken pipe", "code 8")
	netns(t, "delete", "x")
}

// delete --all is for namespaces: what else is in the directory stays.
func TestDeleteAllLeavesTheRest(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "a", "b")
	sh(t, "umount /run/netns/b; ln -s /etc/passwd /run/netns/link; touch -d '1 hour ago' /run/netns/file; mkdir /run/netns/dir").want(t, 0)
	netns(t, "delete", "--all")
	if got := fmt.Sprint(world.Files(t, "/run/netns")); got != "[dir file link]" {
		t.Error(got)
	}
	sh(t, "rm -r /run/netns/*").want(t, 0)
}
