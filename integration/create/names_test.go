package create

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// tree describes everything in /run, to be compared before and after a command.
func tree(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir("/run", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %o %d %d %d %d\n", path, st.Mode, st.Dev, st.Ino, st.Size, st.Ctim.Nano())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String() + strings.Join(world.Mounts(t, "/"), "\n")
}

// unchanged fails the test unless a command fails with this code and these texts, and changes nothing.
func unchanged(t *testing.T, code int, stderr []string, args ...string) {
	t.Helper()
	before := tree(t)
	world.Run(t, args...).Want(t, code, append(stderr, "netns: ")...)
	if after := tree(t); after != before {
		t.Errorf("%q changed /run:\n%s\nto:\n%s", args, before, after)
	}
}

func TestBadNames(t *testing.T) {
	for i, prepared := range []bool{false, true} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			world.Clean(t)
			if prepared {
				world.Creatable(t, "x")
			}
			for name, reason := range map[string]string{
				"":                       "it is empty",
				".":                      "a directory's",
				"..":                     "a directory's",
				"a/b":                    "a slash",
				"../../etc/x":            "a slash",
				"/run/netns/x":           "a slash",
				strings.Repeat("x", 256): "256 bytes, and 255 are allowed",
				".hidden":                "begins with a dot",
				"a\nb":                   "a control character",
				"a\x1b[31m":              "a control character",
				"a\xffb":                 "not valid UTF-8",
			} {
				unchanged(t, 2, []string{"invalid name ", reason}, "netns", "create", name)
				unchanged(t, 2, []string{"invalid name ", reason}, "netns", "create", "fine", name)
			}
			unchanged(t, 2, []string{"begins with a hyphen"}, "netns", "create", "--", "-x")
			unchanged(t, 2, []string{"given twice"}, "netns", "create", "x", "y", "x")
			for _, name := range []string{"", ".", "..", "a/b", "../x", strings.Repeat("x", 256)} {
				unchanged(t, 2, []string{"invalid name "}, "netns", "delete", name)
				unchanged(t, 125, nil, "netns", "exec", name, "true")
			}
		})
	}
}

// Unusual names, and the longest one, are valid.
func TestUnusualNames(t *testing.T) {
	world.Clean(t)
	for _, name := range []string{
		strings.Repeat("x", 255), "a b", "ä€", "a.b", "a-b", "help", "h", "list", "--", "*", "$(x)", "42", "a'b", `a"b`, "%s",
	} {
		args := []string{"--", name}
		if name == "--" { // create refuses it, because it begins with a hyphen
			continue
		}
		r := world.Netns(t, append([]string{"create"}, args...)...)
		if !strings.HasPrefix(r.Stdout, fmt.Sprintf("Created network namespace '%s' at ", name)) {
			t.Error(r)
		}
		if got := world.Netns(t, "list").Stdout; got != name+"\n" {
			t.Errorf("list shows %q", got)
		}
		world.Netns(t, "exec", name, "true")
		world.Netns(t, append([]string{"delete"}, args...)...)
	}
	// The other verbs take such names from another tool.
	for name, shown := range map[string]string{"-x": "-x", ".x": ".x", "a\nb": `"a\nb"`, "\xff": `"\xff"`, "--": "--"} {
		world.Run(t, "ip", "netns", "add", name).Want(t, 0)
		if got := world.Netns(t, "list").Stdout; got != shown+"\n" {
			t.Errorf("list shows %q, not %q", got, shown)
		}
		world.Netns(t, "list", "-o", "json")
		world.Netns(t, "exec", "--", name, "true")
		world.Netns(t, "delete", "--", name)
	}
}

// create refuses an existing name, in every state.
func TestNameExists(t *testing.T) {
	for kind, test := range map[string]struct{ make, text, delete string }{
		"file":       {"echo text >/run/netns/x", "a file with content, not a network namespace", "4"},
		"stale file": {": >/run/netns/x", "not a network namespace", "5"}, // too young: another tool may still be making it
		"link":       {"ln -s /etc/passwd /run/netns/x", "a symbolic link, but not to a network namespace", "0"},
		"dangling":   {"ln -s /nope /run/netns/x", "a symbolic link whose target is missing", "0"},
		"live link":  {"ln -s /proc/1/ns/net /run/netns/x", "ready", "0"},
		"directory":  {"mkdir /run/netns/x", "a directory, not a network namespace", "4"},
		"fifo":       {"mkfifo /run/netns/x", "a FIFO (named pipe), not a network namespace", "4"},
	} {
		t.Run(kind, func(t *testing.T) {
			world.Clean(t)
			world.Creatable(t, "first") // the run directory exists then
			defer os.RemoveAll("/run/netns/x")
			world.Sh(t, test.make).Want(t, 0)
			unchanged(t, 4, []string{"/run/netns/x: exists: " + test.text}, "netns", "create", "x")
			unchanged(t, 4, []string{"/run/netns/x: exists: " + test.text}, "netns", "create", "y", "x")
			if got := world.Netns(t, "list").Stdout; !strings.HasPrefix(got, "x") {
				t.Errorf("list shows %q", got)
			}
			if test.text != "ready" {
				unchanged(t, 125, []string{"exec x: "}, "netns", "exec", "x", "true")
			}
			r := world.Run(t, "netns", "delete", "x")
			if fmt.Sprint(r.Code) != test.delete {
				t.Error(r)
			}
			if strings.HasPrefix(test.make, "ln") {
				if _, err := os.Stat("/etc/passwd"); err != nil {
					t.Error(err)
				}
			} else if _, err := os.Lstat("/run/netns/x"); err != nil {
				t.Errorf("removed: %v", err)
			}
		})
	}
}

// delete removes another tool's file if it is old enough, or at once with --force.
func TestForeignFileIsDeletedWithForce(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	world.Sh(t, ": >/run/netns/x").Want(t, 0)
	world.Run(t, "netns", "delete", "x").Want(t, 5, "less than 10s ago", "; wait, or use --force\n")
	world.Netns(t, "delete", "--force", "x")
}
