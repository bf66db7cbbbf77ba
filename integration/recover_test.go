package integration

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// killBoth kills the command under test, parent and child, wherever they are.
func killBoth(t *testing.T) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for _, path := range paths {
		if exe, err := os.Readlink(path); err == nil && exe == os.Getenv(binaryVar) {
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

// What both leave when they are killed while they give the names, the next create, delete or recover puts right, for all
// names of the transaction.
func TestBothKilled(t *testing.T) {
	for _, test := range []struct {
		inject, left string
		repair       []string
		stdout       string
		after        string
	}{
		{"linkat:delay_enter=2000000:when=2", "a", []string{"create", "-q", "b"}, "", "a b"}, // b was not reached; a stays stale
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
			creatable(t, "first")
			delayed(t, func() { killBoth(t) }, test.inject, "netns", "--quiet=false", "create", "a", "b")
			if left := strings.Join(world.Files(t, "/run/netns"), " "); left != test.left {
				t.Fatalf("left %q, want %q", left, test.left)
			}
			if r := netns(t, test.repair...); !strings.Contains(r.stdout, test.stdout) {
				t.Error(r)
			}
			if got := strings.Join(strings.Fields(netns(t, "list").stdout), " "); got != test.after {
				t.Errorf("list shows %q, want %q", got, test.after)
			}
			for _, name := range strings.Fields(test.after) {
				if test.repair[0] != "recover" || !strings.HasPrefix(test.stdout, "Would") {
					netns(t, "exec", name, "true")
				}
			}
			netns(t, "recover")
			if r := netns(t, "recover", "-o", "json"); r.stdout != "[]\n" {
				t.Error(r)
			}
			netns(t, "delete", "--all")
		})
	}
}

// A delete that was killed between unmounting and unlinking.
func TestDeleteKilled(t *testing.T) {
	for _, repair := range [][]string{{"create", "-q", "a"}, {"delete", "a"}, {"recover"}} {
		world.Clean(t)
		netns(t, "create", "-q", "a", "b")
		run(t, "strace", "-f", "-o", "/dev/null", "-e", "inject=unlinkat:signal=KILL:when=1", "netns", "delete", "a").
			want(t, 128+int(syscall.SIGKILL))
		if r := netns(t, "list", "-o", "json"); !strings.Contains(r.stdout, `"state":"stale"`) {
			t.Error(r)
		}
		netns(t, repair...)
		netns(t, "exec", "b", "true")
		netns(t, "delete", "--all")
	}
}

func TestRecoverCodes(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	if r := netns(t, "recover", "--dir", "/run/nope"); r.stdout != "" {
		t.Error(r)
	}
	run(t, "netns", "recover", "x").want(t, 2, "takes no names")
	run(t, "netns", "recover", "-o", "nope").want(t, 2, `unknown format "nope"`)
	sh(t, ": >/run/netns/young").want(t, 0)
	if r := run(t, "netns", "recover").want(t, 8, "recover: 1 of 1 left alone"); !strings.Contains(r.stdout, "Left \"/run/netns/young\": another tool made this file less than 10s ago") {
		t.Error(r)
	}
	netns(t, "delete", "--force", "young")
	delayed(t, func() { run(t, "netns", "recover").want(t, 5, "1 of 1 left alone") }, "linkat:delay_exit=2000000:when=1", "netns", "create", "-q", "x")
	netns(t, "delete", "--if-exists", "x")
}
