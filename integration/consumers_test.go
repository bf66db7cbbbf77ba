//go:build all

package integration

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// joinable runs a test on a namespace that the command made, and on one that the library made in this process. At its
// end the name is deleted, which warns of what still holds the namespace, and then everything has to be gone.
func joinable(t *testing.T, test func(t *testing.T, ns *library.Namespace)) {
	for _, maker := range []string{"command", "library"} {
		t.Run(maker, func(t *testing.T) {
			world.Clean(t)
			before := links(t)
			if maker == "command" {
				netns(t, "create", "-q", "joined")
			} else if err := library.Create(t.Context(), []string{"joined"}, library.Options{}); err != nil {
				t.Fatal(err)
			}
			ns, err := library.Open("", "joined")
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				ns.Close()
				netns(t, "delete", "joined")
				run(t, "netns", "inspect", "joined").want(t, 3)
				until(t, func() bool { return slices.Equal(links(t), before) })
			}()
			// Its end out here goes when the namespace does.
			sh(t, "ip link add witness type veth peer name inside netns joined").want(t, 0)
			test(t, ns)
		})
	}
}

// needs skips a test where a program is not there. In CI that is a failure.
func needs(t testing.TB, programs ...string) {
	t.Helper()
	world.Need(t)
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("CI") != "" {
			t.Fatal(err)
		} else if err != nil {
			t.Skip(err)
		}
	}
}

// lookAround says which namespace it runs in, and its addresses.
const lookAround = "readlink /proc/self/ns/net; ip -o address"

// wantInside fails the test unless a consumer ran inside in the namespace, with lo as we made it.
func wantInside(t testing.TB, ns *library.Namespace, r result) {
	t.Helper()
	r.want(t, 0)
	if !strings.HasPrefix(r.stdout, fmt.Sprintf("net:[%d]\n", ns.ID())) || !strings.Contains(r.stdout, " 127.0.0.1/8 ") {
		t.Errorf("not in net:[%d] with its lo: %v", ns.ID(), r)
	}
}

// links returns the names of the links in this namespace.
func links(t testing.TB) (names []string) {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range all {
		names = append(names, link.Name)
	}
	return names
}

// scratch returns a directory on the world's own tmpfs, so that nothing is left even of a test that is killed.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(world.Scratch, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// mount mounts a file system on a directory of the machine, for this world and until the test's end.
func mount(t testing.TB, fstype, dir string) {
	t.Helper()
	if err := unix.Mount(fstype, dir, fstype, 0, ""); err != nil {
		t.Fatalf("mount %s: %v", dir, err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
}
