package compat

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// Clients of ip netns look for the words of strerror(3) in its messages, to be idempotent for example. Those of netns have the
// same words.
func TestErrnoWords(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a")
	other := world.Start(t, world.Command("unshare", "--net", "sleep", "60"), "sleep")
	strerror := regexp.MustCompile(`: ([A-Z][a-z ]+)\n`)
	for line, want := range map[string]string{
		"add a": "File exists", fmt.Sprint("attach a ", other): "File exists",
		"delete nope": "No such file or directory", "exec nope true": "No such file or directory",
		"set nope 7": "No such file or directory", "pids nope": "No such file or directory",
		"identify 4000000": "No such file or directory", "attach b 4000000": "No such file or directory",
		"exec a nope": "No such file or directory", "exec a /nope": "No such file or directory",
	} {
		words := strerror.FindStringSubmatch(world.Sh(t, "ip netns "+line).Stderr)
		if len(words) != 2 || words[1] != want {
			t.Errorf("%s: ip says %q, not %q", line, words, want)
		}
		world.EmptyRunDir(t) // what ip attach has left
		world.Netns(t, "create", "-q", "a")
		r := world.Sh(t, "netns "+line)
		if r.Code == 0 || strings.Count(r.Stderr, want) != 1 {
			t.Errorf("want %q, got %v", want, r)
		}
	}
	// Without privilege, both fail in the same call.
	for line, code := range map[string]int{"add b": 1, "exec a true": 255, "set a 7": 2} {
		const want = "Operation not permitted"
		world.Sh(t, world.Nobody+"ip netns "+line).Want(t, code, want)
		if r := world.Sh(t, world.Nobody+"netns "+line); r.Code == 0 || !strings.Contains(r.Stderr, want) {
			t.Errorf("want %q, got %v", want, r)
		}
	}
	world.Netns(t, "delete", "a")
}
