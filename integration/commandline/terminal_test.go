package commandline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// onTerminal runs a shell command on a pseudo-terminal, and returns the terminal's output.
func onTerminal(t *testing.T, command string) world.Result {
	t.Helper()
	return world.Sh(t, fmt.Sprintf("TERM=xterm script -qefc '%s' /dev/null </dev/null", command))
}

// The heading of a table and each state other than ready are bold on a terminal, and nowhere else.
func TestColourOnTerminal(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a")
	world.Sh(t, "touch /run/netns/zz")
	const bold, plain = "\x1b[1mforeign\x1b[0m", "\r\nzz    -   foreign\r\n"
	if r := onTerminal(t, "netns list -o table").Want(t, 0); !strings.Contains(r.Stdout, bold) || !strings.Contains(r.Stdout, "\x1b[1mNAME") {
		t.Error(r)
	}
	for _, command := range []string{"NO_COLOR=1 netns list -o table", "TERM=dumb netns list -o table", "netns list -o table | cat"} {
		if r := onTerminal(t, command).Want(t, 0); strings.Contains(r.Stdout, "\x1b") || !strings.Contains(r.Stdout, plain) {
			t.Errorf("%q", r.Stdout)
		}
	}
	// The plain list is the same on a terminal and in a pipe, and a name cannot control the terminal.
	world.Sh(t, `ip netns add "$(printf '\033[31mred')"`).Want(t, 0)
	r := onTerminal(t, "netns list")
	if pipe := world.Netns(t, "list"); strings.ReplaceAll(r.Stdout, "\r", "") != pipe.Stdout || strings.Contains(r.Stdout, "\x1b") {
		t.Errorf("%q and %q", r.Stdout, pipe.Stdout)
	}
	world.Netns(t, "delete", "a", "\x1b[31mred")
	world.Sh(t, "rm /run/netns/zz")
}

// Long work shows a progress bar, on a terminal only, and removes it at the end.
func TestProgressBar(t *testing.T) {
	world.Clean(t)
	const create, del = "netns create $(seq -f n%g 2000)", "netns delete $(seq -f n%g 2000)"
	r := onTerminal(t, create).Want(t, 0)
	if strings.Count(r.Stdout, "/2000") < 2 || !strings.Contains(r.Stdout, "\r[#") || !strings.Contains(r.Stdout, "\r\x1b[KCreated ") {
		t.Errorf("no bar in %.500q", r.Stdout)
	}
	// Without the delay, the work is too quick for a bar.
	const slowly = "strace -f -o /dev/null -e trace=umount2 -e inject=umount2:delay_enter=500 "
	if r := onTerminal(t, slowly+del).Want(t, 0); !strings.Contains(r.Stdout, "/2000") || !strings.HasSuffix(r.Stdout, "\r\x1b[K") {
		t.Errorf("no bar in %.500q", r.Stdout)
	}
	for _, options := range []string{"-q", "2>&1 | cat"} {
		r := onTerminal(t, create+" "+options)
		if strings.Contains(r.Stdout, "\r[") || strings.Contains(r.Stdout, "\x1b") {
			t.Errorf("%s: %.500q", options, r.Stdout)
		}
		world.Sh(t, del).Want(t, 0)
	}
}
