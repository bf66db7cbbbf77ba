//go:build all

package consumers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// slirp4netns puts its tap device into a namespace by its path, answers there, and removes the device when it ends.
func TestSlirp4netnsJoins(t *testing.T) {
	needs(t, "slirp4netns")
	joinable(t, func(t *testing.T, ns *netns.Namespace) {
		ready, theirs, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer ready.Close()
		ready.SetReadDeadline(time.Now().Add(5 * time.Second))
		cmd := exec.Command("slirp4netns", "--netns-type=path", "--configure", "--ready-fd=3", ns.Path(), "tap0")
		cmd.ExtraFiles = []*os.File{theirs}
		serve(t, cmd, ns, "tap0    inet 10.0.2.100/24 ", func() {
			theirs.Close()
			if n, err := ready.Read(make([]byte, 1)); n != 1 {
				t.Fatal("slirp4netns is not ready:", err)
			}
		}, func() {
			world.Netns(t, "exec", "joined", "ping", "-c", "1", "-W", "2", "10.0.2.2")
		})
	})
}

// pasta takes its name and address from a device outside, and maps the gateway's address to the loopback out there.
func TestPastaJoins(t *testing.T) {
	needs(t, "pasta")
	joinable(t, func(t *testing.T, ns *netns.Namespace) {
		world.Sh(t, `ip link add outside type veth peer name peer && ip link set peer up && ip link set outside up &&
			ip address add 10.98.0.2/24 dev outside && ip route add default via 10.98.0.1`).Want(t, 0)
		defer world.Sh(t, "ip link delete outside")
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		greeted := make(chan struct{})
		go func() {
			defer close(greeted)
			if c, err := listener.Accept(); err == nil {
				fmt.Fprintln(c, "hello")
				c.Close()
			}
		}()
		cmd := exec.Command("pasta", "--quiet", "--foreground", "--runas", "0", "--config-net", "--netns", ns.Path())
		serve(t, cmd, ns, "outside    inet 10.98.0.2/24 ", func() {}, func() {
			r := world.Sh(t, "netns exec joined timeout 5 bash -c 'read line </dev/tcp/10.98.0.1/"+port+" && echo $line'")
			if r.Want(t, 0).Stdout != "hello\n" {
				t.Error(r)
			}
			// After the end of pasta, a connection that is open on one side keeps its namespace for two minutes.
			world.Until(t, func() bool { return world.Sh(t, "netns exec joined ss -Htn").Want(t, 0).Stdout == "" })
		})
		listener.Close()
		<-greeted
	})
}

// serve runs a program that stays outside and gives a namespace a device with this address while it runs.
func serve(t *testing.T, cmd *exec.Cmd, ns *netns.Namespace, address string, started, use func()) {
	t.Helper()
	cmd.Stderr = new(strings.Builder)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Log(cmd.Stderr)
		}
	}()
	end := func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() }
	defer end()
	started()
	look := func() world.Result { return world.Run(t, "netns", "exec", "joined", "sh", "-c", lookAround) }
	world.Until(t, func() bool { return strings.Contains(look().Stdout, address) })
	wantInside(t, ns, look())
	use()
	end()
	world.Until(t, func() bool { return !strings.Contains(look().Stdout, address) })
}
