package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// userVar makes this program one that embeds the library, to be run by an ordinary user: it makes a namespace in a
// directory, or in the user's own for "user", and says how that went.
const userVar = "NETNS_TEST_USER"

func init() {
	dir := os.Getenv(userVar)
	if dir == "" {
		return
	}
	err := embedAsUser(dir)
	var privilege *library.PrivilegeError
	fmt.Println(err)
	if errors.As(err, &privilege) {
		fmt.Println("typed:", privilege.Capability)
	}
	os.Exit(0)
}

func embedAsUser(dir string) (err error) {
	ctx := context.Background()
	if dir == "user" {
		if dir, err = library.UserDir(); err != nil {
			return err
		}
	}
	ns, err := library.NewRandom(ctx, "tool-", library.Options{Dir: dir, Addresses: []string{"10.1.2.3/32"}})
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
	again, err := library.Open(dir, strings.TrimPrefix(ns.Path(), dir+"/"))
	if err != nil {
		return err
	}
	return again.Close()
}

// An ordinary user gets an error with its type, and nothing is left, or what was asked for where the user is root of user
// and mount namespaces of their own.
func TestEmbedAsUser(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	const self = "/run/embed" // since an ordinary user cannot go where go test puts it
	sh(t, fmt.Sprintf("install -m 755 /proc/%d/exe %s", os.Getpid(), self)).want(t, 0)
	defer os.Remove(self)
	nobody := asNobody()
	sh(t, "mkdir -m 700 /run/user && chmod 755 /run/user && mkdir -m 700 /run/user/65534 && chown 65534:65534 /run/user/65534").want(t, 0)
	defer os.RemoveAll("/run/user")
	env := []string{"env", "XDG_RUNTIME_DIR=/run/user/65534"}
	user := func(dir string, in ...string) string {
		t.Helper()
		args := append(append(append(nobody[:len(nobody):len(nobody)], env...), userVar+"="+dir), append(in, self)...)
		return run(t, args...).want(t, 0).stdout
	}
	for _, dir := range []string{"/run/netns", "user"} {
		if said := user(dir); !strings.Contains(said, "typed: CAP_") {
			t.Errorf("in %s: %s", dir, said)
		}
	}
	own := user("user", "unshare", "--user", "--map-root-user", "--mount")
	if !strings.Contains(own, "10.1.2.3/32") || !strings.HasSuffix(own, "<nil>\n") {
		t.Errorf("in user and mount namespaces of its own: %s", own)
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
