package deletion

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// delete goes on after a name that fails, reports the failures in order, and ends with the code of the first.
func TestDeleteGoesOn(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a", "b", "c", "d")
	world.Netns(t, "create", "-q", "other")
	if err := os.WriteFile("/run/netns/foreign", []byte("text"), 0); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(world.Start(t, exec.Command("ip", "netns", "exec", "c", "sleep", "60"), "sleep"))
	r := world.Run(t, "netns", "delete", "a", "nope", "b", "foreign", "b", "other", "c", "d")
	r.Want(t, 3)
	want := []string{"delete nope: ", "delete foreign: ", "delete b: ", "warning: c: the name is gone, but the namespace lives on: process " + pid}
	lines := strings.Split(strings.TrimSpace(r.Stderr), "\n")
	for i := range want {
		if len(lines) != len(want) || !strings.Contains(lines[i], want[i]) {
			t.Fatalf("%q, want %q", lines, want)
		}
	}
	if files := world.Files(t, "/run/netns"); len(files) != 1 {
		t.Errorf("left: %q", files)
	}
	if err := os.Remove("/run/netns/foreign"); err != nil {
		t.Error(err)
	}
}

// delete --all deletes namespaces, and leaves everything else in the directory.
func TestDeleteAllLeavesTheRest(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "a", "b")
	world.Sh(t, "umount /run/netns/b; ln -s /etc/passwd /run/netns/link; touch -d '1 hour ago' /run/netns/file; mkdir /run/netns/dir").Want(t, 0)
	world.Netns(t, "delete", "--all")
	if got := fmt.Sprint(world.Files(t, "/run/netns")); got != "[dir file link]" {
		t.Error(got)
	}
	world.Sh(t, "rm -r /run/netns/*").Want(t, 0)
}

func TestDelete(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "demo")
	if r := world.Netns(t, "delete", "demo"); r.Stdout != "" {
		t.Error(r)
	}
	world.Run(t, "netns", "delete", "demo").Want(t, 3, "/run/netns/demo", "no such network namespace", "netns list")
	world.Netns(t, "delete", "--if-exists", "demo")
	world.Netns(t, "delete", "demo", "--if-exists")

	world.Netns(t, "create", "a", "b", "c")
	world.Run(t, "netns", "delete", "a", "nope", "b", "bad/name", "c").Want(t, 3, "delete nope", "delete bad/name")
	world.Run(t, "netns", "delete").Want(t, 2, "no name given")

	world.Netns(t, "create", "a", "b", "c")
	world.Run(t, "netns", "delete", "--all", "a").Want(t, 2, "--all takes no names")
	world.Netns(t, "delete", "--all")
	world.Netns(t, "delete", "--all")
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("delete --all left %q", left)
	}
}
