package create

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A signal to the command rolls back, at any moment, or comes too late.
func TestSignals(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "x")
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT} {
		for _, target := range []string{"process", "group"} {
			for delay := range 12 {
				cmd := world.Command("netns", "create", "a", "b", "c", "d")
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
				unix.Kill(pid, sig) // not reaped yet, so the number is still its own
				cmd.Wait()
				code := world.ExitCode(cmd) // the same if it was not prepared for signals yet
				list := strings.Fields(world.Netns(t, "list", "-o", "name").Stdout)
				switch {
				case code == 0 && len(list) == 4:
					world.Netns(t, "delete", "a", "b", "c", "d")
				case code == 128+int(sig) && len(list) == 0:
				case sig == unix.SIGQUIT && code == 2 && len(list) == 0 && strings.HasPrefix(stderr.String(), "SIGQUIT: quit"):
					// The signal came before main, and the Go runtime answers it in its own way.
				default:
					t.Errorf("signal %v to the %s after %d ms: left %q, exit code %d, %s", sig, target, 2*delay, list, code, &stderr)
				}
			}
		}
	}
}

// A signal just before the commit either wins or comes too late. It must not make the child undo a namespace that the parent then
// reports as made.
func TestSignalAtCommit(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "x")
	term := func() {
		creates := func(arguments string) bool { // the command, not strace
			return strings.HasPrefix(arguments, world.Binary()) && strings.HasSuffix(arguments, "create --quiet at-commit")
		}
		for _, pid := range world.PIDs(creates) {
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	}
	r := world.Delayed(t, term, "pwrite64:delay_enter=2000000:when=2", "netns", "--verbose=false", "create", "--quiet", "at-commit")
	list := world.Netns(t, "list").Stdout
	switch {
	case r.Code == 0 && list == "at-commit\n":
		world.Netns(t, "delete", "at-commit")
	case r.Code == 128+int(syscall.SIGTERM) && list == "":
	default:
		t.Errorf("list %q, %v", list, r)
	}
}
