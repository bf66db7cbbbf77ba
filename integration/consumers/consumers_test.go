//go:build all

package consumers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// joinable runs a test on a namespace of the command and on a namespace of the library. At the end it deletes the name, which would
// warn of a holder of the namespace, and waits until everything is gone.
func joinable(t *testing.T, test func(t *testing.T, ns *netns.Namespace)) {
	for _, maker := range []string{"command", "library"} {
		t.Run(maker, func(t *testing.T) {
			world.Clean(t)
			before := links(t)
			if maker == "command" {
				world.Netns(t, "create", "-q", "joined")
			} else if err := netns.Create(t.Context(), []string{"joined"}, netns.Options{}); err != nil {
				t.Fatal(err)
			}
			ns, err := netns.Open("joined")
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				ns.Close()
				world.Netns(t, "delete", "joined")
				world.Run(t, "netns", "inspect", "joined").Want(t, 3)
				world.Until(t, func() bool { return slices.Equal(links(t), before) })
			}()
			// The kernel removes the outer end together with the namespace.
			world.Sh(t, "ip link add witness type veth peer name inside netns joined").Want(t, 0)
			test(t, ns)
		})
	}
}

// needs skips a test if a program is missing. With CI set it fails the test instead.
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

// lookAround prints the namespace that it runs in, and the addresses.
const lookAround = "readlink /proc/self/ns/net; ip -o address"

// wantInside fails the test unless lookAround ran in the namespace, and lo has its address.
func wantInside(t testing.TB, ns *netns.Namespace, r world.Result) {
	t.Helper()
	r.Want(t, 0)
	if !strings.HasPrefix(r.Stdout, fmt.Sprintf("net:[%d]\n", ns.ID())) || !strings.Contains(r.Stdout, " 127.0.0.1/8 ") {
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

// mount mounts a file system on a directory, in this world, until the end of the test.
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
