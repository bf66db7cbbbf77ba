package create

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// A set-user-ID copy makes nothing, because its user may have prepared the environment and descriptors that it inherits.
func TestSetUserID(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	suid := filepath.Join(world.Scratch, "suid-netns")
	world.Sh(t, "cp "+world.Binary()+" "+suid+" && chmod 4755 "+suid).Want(t, 0)
	defer os.Remove(suid)
	for _, args := range [][]string{{suid, "create", "x"}, {suid, "create", "--dir", "/tmp/x", "x"}} {
		world.Run(t, world.AsNobody(args...)...).Want(t, 1, "set-user-ID")
	}
	// Nor does it act as a child if a user starts it under the child's name.
	cmd := world.Command(world.AsNobody("bash", "-c", "exec -a netns-stage "+suid)...)
	cmd.Env = append(os.Environ(), "NETNS_STAGE=unshare publish")
	world.Finish(t, cmd).Want(t, 2, "netns-stage: start as a child: ", "set-user-ID")
}

// The child inherits only the variables that it needs.
func TestChildInheritsLittle(t *testing.T) {
	world.Clean(t)
	trace := filepath.Join(world.Scratch, "trace")
	defer os.Remove(trace)
	script := `exec 7</etc/passwd; SECRET=x LD_LIBRARY_PATH=/lib exec strace -f -v -s 200 -e trace=execve -o ` + trace + ` netns create -q x`
	world.Sh(t, script).Want(t, 0)
	world.Netns(t, "delete", "x")
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
		if !strings.Contains(line, `["NETNS_STAGE=unshare loopback verify publish", "LD_LIBRARY_PATH=/lib"]`) {
			t.Error(line)
		}
	}
	if !found {
		t.Errorf("no child in %s", text)
	}
}
