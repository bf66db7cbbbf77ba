package create

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// attach names the namespace of a process, and the namespace outlives the process.
func TestAttach(t *testing.T) {
	world.Clean(t)
	script := `unshare --net sleep 60 & pid=$!
		until test "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/self/ns/net)"; do sleep 0.01; done
		ip netns attach theirs $pid && netns attach ours $pid && ip -n ours link set lo up
		netns exec ours readlink /proc/self/ns/net; readlink /proc/$pid/ns/net
		kill $pid; wait $pid; netns exec ours ip -br link; netns list`
	r := world.Sh(t, script).Want(t, 0)
	lines := strings.Split(r.Stdout, "\n")
	if lines[0] != lines[1] || !strings.HasPrefix(lines[2], "lo ") || !strings.HasSuffix(r.Stdout, "\nours\ntheirs\n") {
		t.Error(r)
	}
	world.Netns(t, "create", "-q", "third")
	world.Run(t, "netns", "attach", "third", "1").Want(t, 2, "--own")
	world.Netns(t, "attach", "--own", "host", "1")
	if own, _ := os.Readlink("/proc/self/ns/net"); world.Netns(t, "exec", "host", "readlink", "/proc/self/ns/net").Stdout != own+"\n" {
		t.Errorf("host is not %s", own)
	}
	world.Run(t, "netns", "attach", "--own", "third", "1").Want(t, 4, "exists: ready")
	for name, pid := range map[string]string{"-x": "1", "a/b": "1", "a\nb": "1", "x": "zz", "y": "0", "z": "-7"} {
		world.Run(t, "netns", "attach", "--own", "--", name, pid).Want(t, 2)
	}
	world.Run(t, "netns", "attach", "x").Want(t, 2)
	world.Run(t, "netns", "attach", "x", "4000000").Want(t, 3, "attach x: no process 4000000 (No such file or directory)\n")
	world.Sh(t, world.Nobody+"netns attach x 1").Want(t, 6, "CAP_SYS_PTRACE")
	world.Run(t, "netns", "delete", "ours", "theirs", "third", "host").Want(t, 0, "warning: host: the name is gone, but the namespace lives on")
}

// attach takes the namespace of a thread, not that of its process.
func TestAttachThread(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	ns, err := netns.Open("x")
	if err != nil {
		t.Fatal(err)
	}
	tid, done := make(chan int), make(chan bool)
	go ns.Do(t.Context(), func() error {
		tid <- unix.Gettid()
		<-done
		return nil
	})
	world.Netns(t, "attach", "y", strconv.Itoa(<-tid))
	close(done)
	ns.Close()
	r := world.Sh(t, "stat -Lc %i /run/netns/x /run/netns/y").Want(t, 0)
	if lines := strings.Fields(r.Stdout); len(lines) != 2 || lines[0] != lines[1] {
		t.Error(r)
	}
	world.Netns(t, "delete", "x", "y")
}
