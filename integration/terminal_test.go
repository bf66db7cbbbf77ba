package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// onTerminal runs a shell command with a pseudo-terminal for its standard input, output and error, and returns what
// that has shown.
func onTerminal(t *testing.T, command string) result {
	t.Helper()
	return sh(t, fmt.Sprintf("TERM=xterm script -qefc '%s' /dev/null </dev/null", command))
}

// The heading of a table and the state of what is no namespace are bold on a terminal, and nowhere else.
func TestColourOnTerminal(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "a")
	sh(t, "touch /run/netns/zz")
	const bold, plain = "\x1b[1mforeign\x1b[0m", "\r\nzz    -   foreign\r\n"
	if r := onTerminal(t, "netns list -o table").want(t, 0); !strings.Contains(r.stdout, bold) || !strings.Contains(r.stdout, "\x1b[1mNAME") {
		t.Error(r)
	}
	for _, command := range []string{"NO_COLOR=1 netns list -o table", "TERM=dumb netns list -o table", "netns list -o table | cat"} {
		if r := onTerminal(t, command).want(t, 0); strings.Contains(r.stdout, "\x1b") || !strings.Contains(r.stdout, plain) {
			t.Errorf("%q", r.stdout)
		}
	}
	// What ip prints is the same on a terminal and in a pipe, and a name cannot do anything to it.
	sh(t, `ip netns add "$(printf '\033[31mred')"`).want(t, 0)
	r := onTerminal(t, "netns list")
	if pipe := netns(t, "list"); strings.ReplaceAll(r.stdout, "\r", "") != pipe.stdout || strings.Contains(r.stdout, "\x1b") {
		t.Errorf("%q and %q", r.stdout, pipe.stdout)
	}
	netns(t, "delete", "a", "\x1b[31mred")
	sh(t, "rm /run/netns/zz")
}

// Long work shows how far it is, on a terminal only, and takes that away again.
func TestProgressBar(t *testing.T) {
	world.Clean(t)
	const create, del = "netns create $(seq -f n%g 2000)", "netns delete $(seq -f n%g 2000)"
	r := onTerminal(t, create).want(t, 0)
	if strings.Count(r.stdout, "/2000") < 2 || !strings.Contains(r.stdout, "\r[#") || !strings.Contains(r.stdout, "\r\x1b[KCreated ") {
		t.Errorf("no bar in %.500q", r.stdout)
	}
	// Which is too quick for a bar, else.
	const slowly = "strace -f -o /dev/null -e trace=umount2 -e inject=umount2:delay_enter=500 "
	if r := onTerminal(t, slowly+del).want(t, 0); !strings.Contains(r.stdout, "/2000") || !strings.HasSuffix(r.stdout, "\r\x1b[K") {
		t.Errorf("no bar in %.500q", r.stdout)
	}
	for _, options := range []string{"-q", "2>&1 | cat"} {
		r := onTerminal(t, create+" "+options)
		if strings.Contains(r.stdout, "\r[") || strings.Contains(r.stdout, "\x1b") {
			t.Errorf("%s: %.500q", options, r.stdout)
		}
		sh(t, del).want(t, 0)
	}
}
