package compat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// iproute2's own tests of ids, with netns in the place of ip: the same words, and nothing on standard error.
func TestInPlaceOfIP(t *testing.T) {
	world.Clean(t)
	for _, ip := range []string{"ip", "netns"} {
		world.NoIDs(t)
		says := func(want string, args ...string) {
			t.Helper()
			r := world.Run(t, append([]string{ip}, args...)...)
			if r.Code != 0 || r.Stderr != "" || !strings.Contains(r.Stdout, want) {
				t.Errorf("want %q, got %v", want, r)
			}
		}
		says("", "netns", "add", "testnsid")
		says("", "netns", "set", "testnsid", "99")
		says("testnsid (id: 99)\n", "netns", "list")
		says("testnsid (id: 99)\n", "netns")
		says("nsid 99 (iproute2 netns name: testnsid)\n", "netns", "list-id")
		says("", "netns", "del", "testnsid")
		world.NoIDs(t)
		batch := filepath.Join(t.TempDir(), "batch")
		lines := "netns add testnsid\nnetns set testnsid 99\nnetns list-id\n"
		if err := os.WriteFile(batch, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		says("nsid 99 (iproute2 netns name: testnsid)\n", "-b", batch)
		says("", "netns", "del", "testnsid")
	}
}

// The JSON of -j is that of ip.
func TestJSONAsIP(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a", "b")
	world.Netns(t, "set", "b", "7")
	for _, form := range []string{"-j netns list", "-json netns", "-j -p netns show", "-j netns list-id", "-pretty -json netns list-id nsid 7"} {
		var ours, ip any
		for command, value := range map[string]*any{"netns ": &ours, "ip ": &ip} {
			r := world.Sh(t, command+form).Want(t, 0)
			if err := json.Unmarshal([]byte(r.Stdout), value); err != nil {
				t.Errorf("%v: %v", err, r)
			}
		}
		list := func(v any) string { // ip prints them in no order
			var words []string
			for _, e := range v.([]any) {
				text, _ := json.Marshal(e)
				words = append(words, string(text))
			}
			slices.Sort(words)
			return strings.Join(words, " ")
		}
		if list(ours) != list(ip) {
			t.Errorf("%s: ip says %v, netns %v", form, ip, ours)
		}
	}
	world.Netns(t, "delete", "a", "b")
	world.NoIDs(t)
	// Without a run directory, ip prints nothing, which is not JSON.
	world.Sh(t, world.RemoveRunDir).Want(t, 0)
	for _, args := range []string{"-j list", "-j list-id", "-o json", "list-id -o json", "recover -o json"} {
		if r := world.Sh(t, "netns "+args).Want(t, 0); r.Stdout != "[]\n" {
			t.Error(r)
		}
	}
	if r := world.Sh(t, "ip -j netns list"); r.Stdout != "" {
		t.Errorf("ip has learnt it: %v", r)
	}
}
