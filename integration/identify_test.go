package integration

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// Side by side with ip: the name of a process's namespace, or an empty line. Of several names, ip shows one.
func TestIdentify(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x", "y")
	defer netns(t, "delete", "--all")
	pid := start(t, exec.Command("ip", "netns", "exec", "x", "sleep", "60"), "sleep")
	holder, thread, cmd := startThread(t)
	for args, want := range map[string]string{
		"": "\n", fmt.Sprint(pid): "x\n", fmt.Sprint(holder): "\n", fmt.Sprint(thread): "x\n", "1": "\n",
	} {
		for _, identify := range []string{"ip netns identify ", "netns identify "} {
			if r := sh(t, identify+args).want(t, 0); r.stdout != want || r.stderr != "" {
				t.Errorf("want %q, got %v", want, r)
			}
		}
	}
	for _, enter := range []string{"ip netns exec y ", "netns exec y "} {
		for _, identify := range []string{"ip netns identify", "netns identify"} {
			if r := sh(t, enter+identify).want(t, 0); r.stdout != "y\n" {
				t.Error(r)
			}
		}
	}
	sh(t, "touch /run/netns/a /run/netns/z; mount --bind /run/netns/x /run/netns/a; mount --bind /run/netns/x /run/netns/z; "+
		"ln -s /run/netns/x /run/netns/link").want(t, 0)
	if r := run(t, "ip", "netns", "identify", fmt.Sprint(pid)); strings.Count(r.stdout, "\n") != 1 {
		t.Error(r)
	}
	if r := netns(t, "identify", fmt.Sprint(pid)); r.stdout != "a\nlink\nx\nz\n" {
		t.Error(r)
	}
	if r := netns(t, "identify", "-o", "json", fmt.Sprint(pid)); !strings.HasPrefix(r.stdout,
		fmt.Sprintf(`[{"version":1,"name":"a","path":"/run/netns/a","pid":%d},{"version":1,"name":"link",`, pid)) {
		t.Error(r)
	}
	if r := netns(t, "-j", "identify"); r.stdout != "[]\n" {
		t.Error(r)
	}
	sh(t, fmt.Sprintf("kill %d; kill %d", pid, holder)).want(t, 0)
	cmd.Wait()
	until(t, func() bool { return netns(t, "pids", "x").stdout == "" })
}

func TestIdentifyErrors(t *testing.T) {
	world.Clean(t)
	for _, word := range []string{"nope", "0", "1x", "''"} {
		sh(t, "netns identify "+word).want(t, 2, "is not the number of a process")
	}
	run(t, "netns", "identify", "1", "2").want(t, 2, "takes one process")
	run(t, "netns", "identify", "4000000").want(t, 3, "identify: no process or thread has the number 4000000")
	if r := run(t, "netns", "identify", "--dir", "/run/nope"); r.code != 0 || r.stdout != "\n" {
		t.Error(r)
	}
	nobody := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "netns", "identify"}
	if r := run(t, nobody...).want(t, 0); r.stdout != "\n" {
		t.Error(r)
	}
	run(t, append(nobody, "1")...).want(t, 6, "another user's process needs CAP_SYS_PTRACE; run it with sudo")
}
