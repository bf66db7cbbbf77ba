package load

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// thousand returns names of nearly full length, so that the plan is larger than every buffer on its way.
func thousand() []string {
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("%04d-%s", i, strings.Repeat("x", 240))
	}
	return names
}

func TestThousandNames(t *testing.T) {
	world.Clean(t)
	names := thousand()
	r := world.Netns(t, append([]string{"create"}, names...)...)
	lines := strings.Split(strings.TrimSuffix(r.Stdout, "\n"), "\n")
	if len(lines) != 1001 || lines[1000] != "Loopback interface is UP - localhost is reachable" {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
	if got := strings.Fields(world.Netns(t, "list", "-o", "name").Stdout); !slices.Equal(got, names) {
		t.Errorf("list shows %d names", len(got))
	}
	for _, i := range []int{0, 500, 999} {
		world.Sh(t, "netns exec "+names[i]+" ping -c 1 -W 1 127.0.0.1").Want(t, 0)
	}
	if mounts := world.Mounts(t, "/run/netns/"); len(mounts) != 1000 {
		t.Errorf("%d mounts", len(mounts))
	}
	world.Netns(t, append([]string{"delete"}, names...)...)
}

// If the last of a thousand namespaces fails, none is left.
func TestThousandNamesOrNone(t *testing.T) {
	world.Clean(t)
	names := thousand()
	world.Netns(t, "create", names[999])
	world.Run(t, append([]string{"netns", "create"}, names...)...).Want(t, 4, names[999]+": exists: ready")
	world.Run(t, append([]string{"strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=mount",
		"-e", "inject=mount:error=ENOSPC:when=450", "netns", "create"}, names[:999]...)...).
		Want(t, 1, ": publish: mount", "no space left on device") // in each child
	if got := world.Netns(t, "list", "-o", "name").Stdout; got != names[999]+"\n" {
		t.Errorf("list shows %q", got)
	}
	world.Netns(t, "delete", names[999])
}

// If many commands create the same name at once, one of them succeeds.
func TestOneNameManyCommands(t *testing.T) {
	world.Clean(t)
	world.Sh(t, world.RemoveRunDir).Want(t, 0) // each may be the first to use the run directory
	var mu sync.Mutex
	codes := map[int]int{}
	var commands sync.WaitGroup
	for range 64 {
		commands.Go(func() {
			r := world.Run(t, "netns", "create", "one")
			mu.Lock()
			defer mu.Unlock()
			codes[r.Code]++
			if r.Code != 0 {
				r.Want(t, 4, "one: exists: ")
			}
		})
	}
	commands.Wait()
	if codes[0] != 1 || codes[4] != 63 {
		t.Errorf("exit codes: %v", codes)
	}
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 2 {
		t.Errorf("mounts: %q", mounts)
	}
	world.Netns(t, "delete", "one")
}

// --if-not-exists waits for a create in progress, so all succeed.
func TestOneNameIfNotExists(t *testing.T) {
	world.Clean(t)
	var commands sync.WaitGroup
	for range 32 {
		commands.Go(func() {
			if r := world.Run(t, "netns", "create", "--if-not-exists", "one"); r.Code != 0 {
				t.Error(r)
			}
		})
	}
	commands.Wait()
	world.Netns(t, "delete", "one")
}

// The children report each stage while their parent still waits for the run directory, and does not read. When a signal ends the
// parent, they end by themselves.
func TestStopWhileUnheard(t *testing.T) {
	world.Clean(t)
	const dir = "/run/unheard" // not a mount yet; create needs the lock to make it one
	world.Sh(t, "mkdir "+dir).Want(t, 0)
	defer os.Remove(dir)
	lock, err := os.OpenFile("/run/.unheard.lock", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	defer os.Remove(lock.Name())
	if err := unix.FcntlFlock(lock.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	args := []string{"strace", "-f", "--seccomp-bpf", "-e", "trace=unshare", "-o", log, "timeout", "2", "netns", "create", "-v", "--dir", dir}
	for i := range 400 {
		args = append(args, fmt.Sprint("n", i))
	}
	world.Run(t, args...).Want(t, 124, "ended by signal: terminated")
	text, err := os.ReadFile(log)
	if err != nil || strings.Contains(string(text), "SIGKILL") || strings.Count(string(text), "unshare(") < 2 {
		t.Errorf("%v, or killed:\n%s", err, text)
	}
}
