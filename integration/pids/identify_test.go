package pids

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// identify prints, like ip, the name of a process's namespace, or an empty line. Of several names, ip shows only one.
func TestIdentify(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x", "y")
	defer world.Netns(t, "delete", "--all")
	pid := world.Start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	holder, thread, cmd := world.StartThread(t, "x")
	for args, want := range map[string]string{
		"": "\n", fmt.Sprint(pid): "x\n", fmt.Sprint(holder): "\n", fmt.Sprint(thread): "x\n", "1": "\n",
	} {
		for _, identify := range []string{"ip netns identify ", "netns identify "} {
			if r := world.Sh(t, identify+args).Want(t, 0); r.Stdout != want || r.Stderr != "" {
				t.Errorf("want %q, got %v", want, r)
			}
		}
	}
	for _, enter := range []string{"ip netns exec y ", "netns exec y "} {
		for _, identify := range []string{"ip netns identify", "netns identify"} {
			if r := world.Sh(t, enter+identify).Want(t, 0); r.Stdout != "y\n" {
				t.Error(r)
			}
		}
	}
	world.Sh(t, "touch /run/netns/a /run/netns/z; mount --bind /run/netns/x /run/netns/a; mount --bind /run/netns/x /run/netns/z; "+
		"ln -s /run/netns/x /run/netns/link").Want(t, 0)
	if r := world.Run(t, "ip", "netns", "identify", fmt.Sprint(pid)); strings.Count(r.Stdout, "\n") != 1 {
		t.Error(r)
	}
	if r := world.Netns(t, "identify", fmt.Sprint(pid)); r.Stdout != "a\nlink\nx\nz\n" {
		t.Error(r)
	}
	if r := world.Netns(t, "identify", "-o", "json", fmt.Sprint(pid)); !strings.HasPrefix(r.Stdout,
		fmt.Sprintf(`[{"version":1,"name":"a","path":"/run/netns/a","pid":%d},{"version":1,"name":"link",`, pid)) {
		t.Error(r)
	}
	if r := world.Netns(t, "-j", "identify"); r.Stdout != "[]\n" {
		t.Error(r)
	}
	world.Sh(t, fmt.Sprintf("kill %d; kill %d", pid, holder)).Want(t, 0)
	cmd.Wait()
	world.Until(t, func() bool { return world.Netns(t, "pids", "x").Stdout == "" })
}

func TestIdentifyErrors(t *testing.T) {
	world.Clean(t)
	for _, word := range []string{"nope", "0", "1x", "''"} {
		world.Sh(t, "netns identify "+word).Want(t, 2, "is not the number of a process")
	}
	world.Run(t, "netns", "identify", "1", "2").Want(t, 2, "takes one process")
	world.Run(t, "netns", "identify", "4000000").Want(t, 3, "identify: no process 4000000 (No such file or directory)\n")
	if r := world.Run(t, "netns", "identify", "--dir", "/run/nope"); r.Code != 0 || r.Stdout != "\n" {
		t.Error(r)
	}
	nobody := world.AsNobody("netns", "identify")
	if r := world.Run(t, nobody...).Want(t, 0); r.Stdout != "\n" {
		t.Error(r)
	}
	world.Run(t, append(nobody, "1")...).Want(t, 6, "another user's process needs CAP_SYS_PTRACE; run it with sudo")
}
