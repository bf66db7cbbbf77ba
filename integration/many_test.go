package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// thousand returns names of nearly full length, so that the plan is larger than any buffer on its way.
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
	r := netns(t, append([]string{"create"}, names...)...)
	lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	if len(lines) != 1001 || lines[1000] != "Loopback interface is UP - localhost is reachable" {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
	if got := strings.Fields(netns(t, "list", "-o", "name").stdout); !slices.Equal(got, names) {
		t.Errorf("list shows %d names", len(got))
	}
	for _, i := range []int{0, 500, 999} {
		sh(t, "netns exec "+names[i]+" ping -c 1 -W 1 127.0.0.1").want(t, 0)
	}
	if mounts := world.Mounts(t, "/run/netns/"); len(mounts) != 1000 {
		t.Errorf("%d mounts", len(mounts))
	}
	netns(t, append([]string{"delete"}, names...)...)
}

// All or none: when the last of a thousand fails, none is left.
func TestThousandNamesOrNone(t *testing.T) {
	world.Clean(t)
	names := thousand()
	netns(t, "create", names[999])
	run(t, append([]string{"netns", "create"}, names...)...).want(t, 4, names[999]+": exists: ready")
	run(t, append([]string{"strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=mount",
		"-e", "inject=mount:error=ENOSPC:when=450", "netns", "create"}, names[:999]...)...).
		want(t, 1, ": publish: mount", "no space left on device") // in each child
	if got := netns(t, "list", "-o", "name").stdout; got != names[999]+"\n" {
		t.Errorf("list shows %q", got)
	}
	netns(t, "delete", names[999])
}

// The descriptors that many names take are there or asked for before anything is built.
func TestDescriptorLimit(t *testing.T) {
	world.Clean(t)
	names := thousand()
	const limited = `export GOMAXPROCS=1; ulimit -n 256; exec setpriv --bounding-set=-sys_resource "$@"`
	run(t, append([]string{"sh", "-c", limited, "sh", "netns", "create"}, names...)...).
		want(t, 6, "having 1064 files open where the limit (ulimit -Hn) is 256 needs CAP_SYS_RESOURCE")
	run(t, append([]string{"sh", "-c", `ulimit -Sn 64; exec "$@"`, "sh", "netns", "create"}, names...)...).want(t, 0)
	netns(t, append([]string{"delete"}, names...)...)
}

// Of many that create one name at once, one wins.
func TestOneNameManyCommands(t *testing.T) {
	world.Clean(t)
	sh(t, fresh).want(t, 0) // all are first users, too
	var mu sync.Mutex
	codes := map[int]int{}
	var commands sync.WaitGroup
	for range 64 {
		commands.Go(func() {
			r := run(t, "netns", "create", "one")
			mu.Lock()
			defer mu.Unlock()
			codes[r.code]++
			if r.code != 0 {
				r.want(t, 4, "one: exists: ")
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
	netns(t, "delete", "one")
}

// --if-not-exists waits for what is in progress: all succeed.
func TestOneNameIfNotExists(t *testing.T) {
	world.Clean(t)
	var commands sync.WaitGroup
	for range 32 {
		commands.Go(func() {
			if r := run(t, "netns", "create", "--if-not-exists", "one"); r.code != 0 {
				t.Error(r)
			}
		})
	}
	commands.Wait()
	netns(t, "delete", "one")
}

// Children that tell of each stage while their parent still waits for the run directory, and so does not listen, end by
// themselves when it is stopped.
func TestStopWhileUnheard(t *testing.T) {
	world.Clean(t)
	const dir = "/run/unheard" // no mount yet, and becoming one waits for the lock
	sh(t, "mkdir "+dir).want(t, 0)
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
	run(t, args...).want(t, 124, "ended by signal: terminated")
	text, err := os.ReadFile(log)
	if err != nil || strings.Contains(string(text), "SIGKILL") || strings.Count(string(text), "unshare(") < 2 {
		t.Errorf("%v, or killed:\n%s", err, text)
	}
}

// A signal to the command, at whatever moment, rolls back or comes too late.
func TestSignals(t *testing.T) {
	world.Clean(t)
	creatable(t, "x")
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT} {
		for _, target := range []string{"process", "group"} {
			for delay := range 12 {
				cmd := command("netns", "create", "a", "b", "c", "d")
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				var stderr strings.Builder
				cmd.Stderr = &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(delay) * 2 * time.Millisecond)
				pid := cmd.Process.Pid
				if target == "group" {
					pid = -pid
				}
				unix.Kill(pid, sig) // it is not reaped yet, so the pid is its own
				cmd.Wait()
				code := cmd.ProcessState.ExitCode()
				if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
					code = 128 + int(status.Signal()) // before it was prepared for signals
				}
				list := strings.Fields(netns(t, "list", "-o", "name").stdout)
				switch {
				case code == 0 && len(list) == 4:
					netns(t, "delete", "a", "b", "c", "d")
				case code == 128+int(sig) && len(list) == 0:
				case sig == unix.SIGQUIT && code == 2 && len(list) == 0 && strings.HasPrefix(stderr.String(), "SIGQUIT: quit"):
					// It came before main did, and the Go runtime has its own way then.
				default:
					t.Errorf("signal %v to the %s after %d ms: left %q, exit code %d, %s", sig, target, 2*delay, list, code, &stderr)
				}
			}
		}
	}
}

// With hardly a descriptor, each verb does what it is for or fails with a message and a code of ours, and never in the Go
// runtime, which needs two of its own for its poller.
func TestFewDescriptors(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "y")
	for limit := 3; limit <= 14; limit++ {
		for verb, codes := range map[string][]int{
			"create -q x": {0, 1, 6}, "list": {0, 1}, "list -o wide": {0, 1}, "inspect y": {0, 1}, "verify y": {0, 1, 7}, "pids y": {0, 1},
			"identify 1": {0, 1, 6}, "attach --own -q z 1": {0, 1, 4, 6}, "delete x": {0, 1, 3}, "delete z": {0, 1, 3}, "recover": {0, 1, 8},
			"exec y true": {0, 125}, "run true": {0, 125}, "version": {0, 1},
		} {
			few := []string{"setpriv", "--bounding-set=-sys_resource", "prlimit", fmt.Sprintf("--nofile=%d:%d", limit, limit), "netns"}
			r := run(t, append(few, strings.Fields(verb)...)...)
			said := strings.Count(r.stderr, "\n")
			if !slices.Contains(codes, r.code) || strings.Contains(r.stderr, "goroutine") || r.code != 0 && said == 0 || said > 3 {
				t.Errorf("with %d: %v", limit, r)
			}
		}
	}
	run(t, "netns", "delete", "--if-exists", "x", "z")
	netns(t, "delete", "y")
}
