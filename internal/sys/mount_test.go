//go:build linux

package sys

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Fields of mountinfo are separated by ASCII spaces, and by no other blank: the kernel escapes no more than space, tab, newline
// and backslash (proc_pid_mountinfo(5)).
func TestNamespaceMounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mountinfo")
	text := "22 1 0:21 / /proc rw,nosuid shared:5 - proc proc rw\n" +
		"40 22 0:4 net:[4026532001] /run/netns/a rw shared:7 - nsfs nsfs rw\n" +
		"41 22 0:4 net:[4026532002] /run/netns/a\u00a0b rw - nsfs nsfs rw\n" +
		"42 22 0:4 net:[4026532003] /run/netns/a\\040b\\134 rw - nsfs nsfs rw\n" +
		"43 22 0:50 /:[x] /srv rw - tmpfs tmpfs rw\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := NamespaceMounts(path)
	want := []NamespaceMount{
		{"40", "net:[4026532001]", "/run/netns/a"},
		{"41", "net:[4026532002]", "/run/netns/a\u00a0b"},
		{"42", "net:[4026532003]", "/run/netns/a b\\"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
