package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// A set-user-ID copy makes nothing, whoever runs it: its user could have prepared what it inherits.
func TestSetUserID(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	suid := filepath.Join(world.Scratch, "suid-netns")
	sh(t, "cp "+os.Getenv(binaryVar)+" "+suid+" && chmod 4755 "+suid).want(t, 0)
	defer os.Remove(suid)
	for _, args := range [][]string{{suid, "create", "x"}, {suid, "create", "--dir", "/tmp/x", "x"}} {
		run(t, append([]string{"setpriv", "--reuid=65534", "--clear-groups"}, args...)...).want(t, 1, "set-user-ID")
	}
	// Nor does it become a child for somebody who starts it as one.
	cmd := exec.Command("setpriv", "--reuid=65534", "--clear-groups", "bash", "-c", "exec -a netns-stage "+suid)
	cmd.Env = append(os.Environ(), "NETNS_STAGE=unshare publish")
	finish(t, cmd).want(t, 2, "netns-stage: start as a child: ", "set-user-ID")
}

// What the child inherits: the environment that it needs and no more, and no descriptor of ours beyond its own.
func TestChildInheritsLittle(t *testing.T) {
	world.Clean(t)
	trace := filepath.Join(world.Scratch, "trace")
	defer os.Remove(trace)
	script := `exec 7</etc/passwd; SECRET=x LD_LIBRARY_PATH=/lib exec strace -f -v -s 200 -e trace=execve -o ` + trace + ` netns create -q x`
	sh(t, script).want(t, 0)
	netns(t, "delete", "x")
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, `["netns-stage"]`) {
			continue
		}
		found = true
		if !strings.Contains(line, `["NETNS_STAGE=publish", "LD_LIBRARY_PATH=/lib"]`) {
			t.Error(line)
		}
	}
	if !found {
		t.Errorf("no child in %s", text)
	}
}

// A run directory in others' hands is refused, by every verb.
func TestUntrustedRunDirectory(t *testing.T) {
	world.Clean(t)
	sh(t, "mkdir -m 777 /run/open && mkdir /run/open/netns").want(t, 0)
	defer os.RemoveAll("/run/open")
	for _, args := range []string{"create x", "delete x", "list", "recover", "identify", "inspect x", "monitor"} {
		run(t, append([]string{"netns", "--dir", "/run/open/netns"}, strings.Fields(args)...)...).
			want(t, 1, "/run/open: not to be trusted: others may write to it (mode 0777)", "nobody else can write to it (chown, chmod go-w)")
	}
	run(t, "netns", "--dir", "/run/open/netns", "exec", "x", "true").want(t, 125, "not to be trusted")
	if left := world.Files(t, "/run/open/netns"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
