package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// userVar makes this program an embedder of the library that an ordinary user runs: it makes a namespace in the given directory, or
// in the user's own for "user", and prints the error.
const userVar = "NETNS_TEST_USER"

func init() {
	dir := os.Getenv(userVar)
	if dir == "" {
		return
	}
	err := embedAsUser(dir)
	var privilege *netns.PrivilegeError
	fmt.Println(err)
	if errors.As(err, &privilege) {
		fmt.Println("typed:", privilege.Capability)
	}
	os.Exit(0)
}

func embedAsUser(dir string) (err error) {
	ctx := context.Background()
	if dir == "user" {
		if dir, err = netns.UserDir(); err != nil {
			return err
		}
	}
	d, err := netns.OpenDir(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	ns, err := d.New(ctx, netns.RandomName("tool-"), netns.Options{Addresses: []string{"10.1.2.3/32"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ns.Delete(ctx), ns.Close()) }()
	cmd := exec.Command("ip", "-br", "address")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := ns.Start(cmd); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	again, err := d.Open(strings.TrimPrefix(ns.Path(), dir+"/"))
	if err != nil {
		return err
	}
	return again.Close()
}

// An ordinary user gets an error with its type, and nothing is left. As root in its own user and mount
// namespaces, the user gets the namespace.
func TestEmbedAsUser(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	const self = "/run/embed" // an ordinary user cannot enter go test's directory
	world.Sh(t, fmt.Sprintf("install -m 755 /proc/%d/exe %s", os.Getpid(), self)).Want(t, 0)
	defer os.Remove(self)
	nobody := world.AsNobody()
	world.Sh(t, "mkdir -m 700 /run/user && chmod 755 /run/user && mkdir -m 700 /run/user/65534 && chown 65534:65534 /run/user/65534").Want(t, 0)
	defer os.RemoveAll("/run/user")
	env := []string{"env", "XDG_RUNTIME_DIR=/run/user/65534"}
	user := func(dir string, in ...string) string {
		t.Helper()
		args := append(append(append(nobody[:len(nobody):len(nobody)], env...), userVar+"="+dir), append(in, self)...)
		return world.Run(t, args...).Want(t, 0).Stdout
	}
	for _, dir := range []string{"/run/netns", "user"} {
		if said := user(dir); !strings.Contains(said, "typed: CAP_") {
			t.Errorf("in %s: %s", dir, said)
		}
	}
	own := user("user", "unshare", "--user", "--map-root-user", "--mount")
	if !strings.Contains(own, "10.1.2.3/32") || !strings.HasSuffix(own, "<nil>\n") {
		t.Errorf("in its own user and mount namespaces: %s", own)
	}
	if said := user("user", "unshare", "--user", "--map-root-user"); !strings.Contains(said, "typed: CAP_SYS_ADMIN") {
		t.Errorf("without a mount namespace: %s", said)
	}
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	if left := world.Files(t, "/run/user/65534/netns"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	if mounts := world.Mounts(t, "/run/user"); len(mounts) > 0 {
		t.Errorf("mounts %q", mounts)
	}
}
