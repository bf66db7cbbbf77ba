package commandline

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// A batch stops at the first failure, unless -force tells it to go on, and names the line as ip does.
func TestBatch(t *testing.T) {
	world.Clean(t)
	const lines = `printf 'netns add a\nadd "b c" # comment\nadd a\nexec a sh -c "exit 9"\nnetns list\n'`
	r := world.Sh(t, lines+" | netns -b -").Want(t, 4, "netns: add a: /run/netns/a: exists: ready", "Command failed -:3\n")
	if r.Stdout != "" {
		t.Error(r)
	}
	world.Netns(t, "delete", "a", "b c")
	r = world.Sh(t, lines+" | netns -force -batch -").Want(t, 4, "Command failed -:3\nCommand failed -:4\n")
	if r.Stdout != "a\nb c\n" {
		t.Error(r)
	}
	world.Netns(t, "delete", "--all")
	world.Sh(t, "echo -b x | netns -b -").Want(t, 2, "cannot be in a batch", "Command failed -:1")
	world.Sh(t, "echo add \"'x\" | netns -b -").Want(t, 2, "-:1: missing closing quote")
	world.Run(t, "netns", "-b", "/nope").Want(t, 1, "no such file")
	world.Run(t, "netns", "-b", "-", "list").Want(t, 2, "takes no verb")
	world.Sh(t, `printf 'create -q x\n--quiet del x\n-j list -o json -j\n' | netns -q -j -b -`).Want(t, 0)
	world.Sh(t, "echo create x | netns --dir /run/other -q -b - && netns --dir /run/other list").Want(t, 0)
	world.Sh(t, "netns --dir /run/other delete x; umount /run/other; rmdir /run/other").Want(t, 0)
}

// A batch closes the namespaces that its lines have deleted.
func TestBatchLetsGo(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a", "b", "c", "d")
	const open = `exec a sh -c 'ls /proc/$PPID/fd | wc -l'` + "\n"
	cmd := world.Command("netns", "-b", "-")
	cmd.Stdin = strings.NewReader("delete b\n" + open + "delete c\ndelete d\n" + open)
	r := world.Finish(t, cmd).Want(t, 0)
	if before, after, _ := strings.Cut(r.Stdout, "\n"); before+"\n" != after {
		t.Errorf("descriptors after one line and after three: %s", r.Stdout)
	}
	world.Netns(t, "delete", "a")
}
