package integration

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// buildProgram builds a program with the arguments of go build, the last of which is the package, and returns where it is. It is
// done as whoever called sudo, if somebody did: root's files in that user's cache would be in the way of the next build.
func buildProgram(t *testing.T, args ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp(world.Scratch, "build")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	output := filepath.Join(dir, "program")
	last := len(args) - 1
	flags := append([]string{"build"}, args[:last]...)
	cmd := exec.Command("go", append(flags, "-trimpath", "-buildvcs=false", "-o", output, args[last])...)
	cmd.Env = os.Environ()
	if u, err := user.LookupId(os.Getenv("SUDO_UID")); err == nil && os.Geteuid() == 0 {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "HOME="+u.HomeDir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
	return output
}
