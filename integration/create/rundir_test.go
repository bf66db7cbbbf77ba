package create

import (
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// The run directory is not a directory, cannot be written, or has no parent.
func TestBadRunDirectory(t *testing.T) {
	for kind, test := range map[string]struct {
		make, clean string
		code        int
		text        string
	}{
		"file":      {"echo text >/run/netns", "rm /run/netns", 1, "/run/netns: not a directory"},
		"link":      {"mkdir /run/elsewhere; ln -s elsewhere /run/netns", "rm -r /run/netns /run/elsewhere", 1, "/run/netns: not a directory"},
		"read-only": {"mkdir /run/netns; mount -t tmpfs -o ro,mode=755 none /run/netns; mount --make-shared /run/netns", "umount /run/netns; rmdir /run/netns", 1, "read-only file system"},
		"no O_TMPFILE": {"mkdir /run/netns; mount -t bpf -o mode=755 none /run/netns; mount --make-shared /run/netns",
			"umount /run/netns; rmdir /run/netns", 9, "O_TMPFILE"},
		"no parent": {"", "", 1, "no such file or directory"},
	} {
		t.Run(kind, func(t *testing.T) {
			world.Need(t)
			world.Run(t, "sh", "-c", "! mountpoint -q /run/netns || umount /run/netns; rm -rf /run/netns; "+test.make).Want(t, 0)
			args := []string{"netns", "create", "x"}
			if kind == "no parent" {
				args = append(args, "--dir", "/run/nope/netns")
			}
			unchanged(t, test.code, []string{test.text}, args...)
			world.Run(t, "sh", "-c", test.clean).Want(t, 0)
		})
	}
}

// An option or the environment names the run directory, before the verb or after it.
func TestOtherRunDirectory(t *testing.T) {
	world.Clean(t)
	const dir = "/run/other"
	defer func() { world.Sh(t, "umount /run/other; rmdir /run/other").Want(t, 0) }()
	if r := world.Netns(t, "create", "x", "--dir", dir); !strings.Contains(r.Stdout, `at "/run/other/x"`) {
		t.Error(r)
	}
	for _, form := range []string{
		"netns --dir /run/other list", "netns list --dir=/run/other", "NETNS_RUN_DIR=/run/other netns list", "netns --dir /run/other",
	} {
		if r := world.Sh(t, form).Want(t, 0); r.Stdout != "x\n" {
			t.Error(r)
		}
	}
	world.Netns(t, "exec", "--dir", dir, "x", "true")
	world.Netns(t, "delete", "--dir", dir, "x")
}

// Every verb refuses a run directory that other users can change.
func TestUntrustedRunDirectory(t *testing.T) {
	world.Clean(t)
	world.Sh(t, "mkdir -m 777 /run/open && mkdir /run/open/netns").Want(t, 0)
	defer os.RemoveAll("/run/open")
	for _, args := range []string{"create x", "delete x", "list", "recover", "identify", "inspect x", "monitor"} {
		world.Run(t, append([]string{"netns", "--dir", "/run/open/netns"}, strings.Fields(args)...)...).
			Want(t, 1, "/run/open: not to be trusted: others may write to it (mode 0777)", "nobody else can write to it (chown, chmod go-w)")
	}
	world.Run(t, "netns", "--dir", "/run/open/netns", "exec", "x", "true").Want(t, 125, "not to be trusted")
	if left := world.Files(t, "/run/open/netns"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
