package world

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// nestedVar is set in a world that is made in another one.
const nestedVar = "NETNS_TEST_NESTED"

// A world has nothing below /run, even if the machine has mounts there, as it has after a use of ip netns.
func TestMountsBelowRunAreNotInherited(t *testing.T) {
	Need(t)
	if os.Getenv(nestedVar) != "" {
		if points := Mounts(t, "/run/"); len(points) > 0 {
			t.Errorf("mounted: %q", points)
		}
		return
	}
	for _, dir := range []string{"/run/netns", "/run/netns", "/run/netns/sub", "/run/other"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
			t.Fatal(err)
		}
		defer unix.Unmount(dir, unix.MNT_DETACH)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, propagationVar+"=") })
	cmd.Env = append(cmd.Env, nestedVar+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if points := Mounts(t, "/run/"); len(points) != 4 {
		t.Errorf("outside: %q", points)
	}
}
