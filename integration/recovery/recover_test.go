package recovery

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// killBoth kills the command under test, parent and child.
func killBoth(t *testing.T) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for _, path := range paths {
		if exe, err := os.Readlink(path); err == nil && exe == world.Binary() {
			pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
	}
	if killed != 2 {
		t.Errorf("killed %d processes, not parent and child", killed)
	}
}

// If parent and child are killed while they publish the names, the next create, delete or recover repairs all names of the
// transaction.
func TestBothKilled(t *testing.T) {
	for _, test := range []struct {
		inject, left string
		repair       []string
		stdout       string
		after        string
	}{
		{"linkat:delay_enter=2000000:when=2", "a", []string{"create", "-q", "b"}, "", "a b"}, // b was not published yet; a stays stale
		{"linkat:delay_enter=2000000:when=2", "a", []string{"create", "-q", "a", "b"}, "", "a b"},
		{"linkat:delay_enter=2000000:when=2", "a", []string{"recover"}, "Removed \"/run/netns/a\": ", ""},
		{"linkat:delay_enter=2000000:when=2", "a", []string{"recover", "--dry-run"}, "Would remove \"/run/netns/a\": ", "a"},
		{"linkat:delay_enter=2000000:when=2", "a", []string{"delete", "a"}, "", ""},
		{"linkat:delay_exit=2000000:when=1", "a", []string{"create", "--if-not-exists", "-q", "a"}, "", "a"},
		{"mount:delay_enter=2000000:when=2", "a b", []string{"recover", "-o", "json"}, `"action":"remove"`, ""},
		{"mount:delay_exit=2000000:when=2", "a b", []string{"recover"}, "Finished \"/run/netns/a\": ", "a b"},
		{"pwrite64:delay_enter=2000000:when=2", "a b", []string{"recover"}, "Finished \"/run/netns/a\": ", "a b"},
		{"pwrite64:delay_enter=2000000:when=2", "a b", []string{"list", "-o", "json"}, `"name":"b","path":"/run/netns/b","state":"ready"`, "a b"},
		{"unshare:delay_enter=2000000:when=1", "", []string{"recover"}, "", ""},
	} {
		t.Run(test.inject+" "+strings.Join(test.repair, " "), func(t *testing.T) {
			world.Clean(t)
			world.Creatable(t, "first")
			world.Delayed(t, func() { killBoth(t) }, test.inject, "netns", "--quiet=false", "create", "a", "b")
			if left := strings.Join(world.Files(t, "/run/netns"), " "); left != test.left {
				t.Fatalf("left %q, want %q", left, test.left)
			}
			if r := world.Netns(t, test.repair...); !strings.Contains(r.Stdout, test.stdout) {
				t.Error(r)
			}
			if got := strings.Join(strings.Fields(world.Netns(t, "list").Stdout), " "); got != test.after {
				t.Errorf("list shows %q, want %q", got, test.after)
			}
			for _, name := range strings.Fields(test.after) {
				if test.repair[0] != "recover" || !strings.HasPrefix(test.stdout, "Would") {
					world.Netns(t, "exec", name, "true")
				}
			}
			world.Netns(t, "recover")
			if r := world.Netns(t, "recover", "-o", "json"); r.Stdout != "[]\n" {
				t.Error(r)
			}
			world.Netns(t, "delete", "--all")
		})
	}
}

// delete is killed between unmounting and unlinking.
func TestDeleteKilled(t *testing.T) {
	for _, repair := range [][]string{{"create", "-q", "a"}, {"delete", "a"}, {"recover"}} {
		world.Clean(t)
		world.Netns(t, "create", "-q", "a", "b")
		world.Run(t, "strace", "-f", "-o", "/dev/null", "-e", "inject=unlinkat:signal=KILL:when=1", "netns", "delete", "a").
			Want(t, 128+int(syscall.SIGKILL))
		if r := world.Netns(t, "list", "-o", "json"); !strings.Contains(r.Stdout, `"state":"stale"`) {
			t.Error(r)
		}
		world.Netns(t, repair...)
		world.Netns(t, "exec", "b", "true")
		world.Netns(t, "delete", "--all")
	}
}

func TestRecoverCodes(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	if r := world.Netns(t, "recover", "--dir", "/run/nope"); r.Stdout != "" {
		t.Error(r)
	}
	world.Run(t, "netns", "recover", "x").Want(t, 2, "takes no names")
	world.Run(t, "netns", "recover", "-o", "nope").Want(t, 2, `unknown format "nope"`)
	world.Sh(t, ": >/run/netns/young").Want(t, 0)
	if r := world.Run(t, "netns", "recover").Want(t, 8, "recover: 1 of 1 left alone"); !strings.Contains(r.Stdout, "Left \"/run/netns/young\": another tool made this file less than 10s ago") {
		t.Error(r)
	}
	world.Netns(t, "delete", "--force", "young")
	world.Delayed(t, func() { world.Run(t, "netns", "recover").Want(t, 5, "1 of 1 left alone") }, "linkat:delay_exit=2000000:when=1", "netns", "create", "-q", "x")
	world.Netns(t, "delete", "--if-exists", "x")
}
