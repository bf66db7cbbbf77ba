package exec

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestExecCodes(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	for command, code := range map[string]int{
		"true": 0, "sh -c 'exit 7'": 7, "-- sh -c 'exit 8'": 8, "sh -c 'kill -TERM $$'": 128 + 15,
		"nope": 127, "/nope": 127, "/etc/passwd": 126, "/etc": 126, "/etc/passwd/x": 127,
		"sh -c 'exit $#' sh --dir -v -- --help": 4, "</dev/null": 0, "-- </dev/null": 0,
	} {
		// The shell turns the signal into the code.
		if r := world.Sh(t, home+"netns exec x "+command+"; exit $?"); r.Code != code {
			t.Errorf("want %d, got %v", code, r)
		}
	}
	world.Run(t, "netns", "exec", "nope", "true").Want(t, 125, "exec nope: /run/netns/nope: no such network namespace")
	world.Run(t, "netns", "exec").Want(t, 125, "no name given")
	world.Run(t, "netns", "exec", "--nope", "x", "true").Want(t, 125, `unknown option "--nope"`)
	world.Run(t, "netns", "exec", "--dir").Want(t, 125, "--dir needs a value")
	world.Run(t, "netns", "exec", "--jobs", "2", "x", "true").Want(t, 125, "--jobs is for --all")
	world.Sh(t, "printf 'exit 9' >/run/script; chmod +x /run/script; netns exec x /run/script").Want(t, 9)
	os.Remove("/run/script")
}

// home keeps a login shell from the profile of this machine's root.
const home = "HOME=/nonexistent "

// Plain command lines do without the command-line library; with -q they use it. Both have the same effect and messages.
func TestExecPlain(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	for _, variable := range []string{"", "NETNS_RUN_DIR= ", "NETNS_RUN_DIR=/run/netns/ ", "NETNS_RUN_DIR=/run/other "} {
		for _, words := range []string{
			"x readlink /proc/self/ns/net", "--net-only x readlink /proc/self/ns/net /proc/self/ns/mnt /x", "x -- echo -- a", "x ls /sys/class/net",
			"--net-only x ls /sys/class/net", "x sh -c 'exit 7'", "x", "x --", "x ''", "--net-only x", "--net-only", "--net-only x --",
			"--net-only --net-only x true", "nope true", "'' true", "../x true", "-- x true", "x nope", "x /etc/passwd", "x --net-only true",
			"x -h true", "-h x true", "--net-only=false x readlink /proc/self/ns/net", "-1 true", "help true",
		} {
			plain, full := world.Sh(t, home+variable+"netns exec "+words), world.Sh(t, home+variable+"netns -q exec "+words)
			if plain.Code != full.Code || plain.Stdout != full.Stdout || plain.Stderr != full.Stderr {
				t.Errorf("%snetns exec %s: %v\nwith -q: %v", variable, words, plain, full)
			}
		}
	}
}

// The command takes the place of netns: the same process, with descriptors 0 to 2 and the limits of netns's caller.
func TestExecBecomesTheCommand(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	const script = `sh -c 'echo $$; ls /proc/$$/fd; ulimit -Sn; ls /proc/$$/task | wc -l'`
	in := func(enter string) string {
		r := world.Sh(t, "ulimit -Sn 100; echo $$; exec "+enter+" "+script).Want(t, 0)
		pid, rest, _ := strings.Cut(r.Stdout, "\n")
		if !strings.HasPrefix(rest, pid+"\n") {
			t.Errorf("not the same process: %v", r)
		}
		return strings.TrimPrefix(rest, pid)
	}
	if with, without := in("netns exec x"), in("env"); with != without {
		t.Errorf("descriptors, limit and threads with netns exec:\n%s\nwithout:\n%s", with, without)
	}
	if r := world.Sh(t, "FOO=bar netns exec x sh -c 'echo $FOO'"); r.Stdout != "bar\n" {
		t.Error(r)
	}
}

// /sys shows the namespace, and the mounts below it are still there.
func TestExecSys(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	world.Run(t, "ip", "-n", "x", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1").Want(t, 0)
	// The test's own mount namespace has a mount in each place that exec knows.
	script := `
		mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/sub && mount -t tmpfs none /sys/fs/cgroup/sub &&
		touch /sys/fs/cgroup/sub/file && mount -t bpf none /sys/fs/bpf && mkdir /sys/fs/bpf/dir || exit 1
		netns exec x ls /sys/class/net /sys/fs/cgroup/sub /sys/fs/bpf
		echo outside
		ls /sys/class/net`
	r := world.Sh(t, "unshare --mount sh -c '"+script+"'").Want(t, 0)
	inside, outside, _ := strings.Cut(r.Stdout, "outside\n")
	for _, want := range []string{"/sys/class/net:\nlo\nveth0\nveth1\n", "/sys/fs/cgroup/sub:\nfile\n", "/sys/fs/bpf:\ndir\n"} {
		if !strings.Contains(inside, want) {
			t.Errorf("no %q in %s", want, inside)
		}
	}
	if strings.Contains(outside, "veth") {
		t.Errorf("the caller's /sys was changed: %s", outside)
	}
	// The new sysfs replaces the old one, which would hold the old namespace.
	stacked := world.Netns(t, "exec", "x", world.Binary(), "exec", "x", "grep", "-c", " /sys sysfs", "/proc/mounts").Stdout
	if once := world.Sh(t, "grep -c ' /sys sysfs' /proc/mounts").Stdout; stacked != once {
		t.Errorf("%s mounts of sysfs on /sys outside, %s inside", once, stacked)
	}
}

// The files of /etc/netns/NAME replace those of /etc, in this namespace only.
func TestExecEtc(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x", "y")
	defer world.Netns(t, "delete", "x", "y")
	defer os.RemoveAll("/etc/netns")
	world.Sh(t, "mkdir -p /etc/netns/x && echo inside >/etc/netns/x/hostname && touch /etc/netns/x/nope").Want(t, 0)
	world.Run(t, "netns", "exec", "x", "cat", "/etc/hostname").Want(t, 0, "/etc/netns/x/nope: ", "no such file or directory")
	for enter, want := range map[string]bool{"netns exec x": true, "ip netns exec x": true, "netns exec y": false, "env": false} {
		if r := world.Sh(t, enter+" cat /etc/hostname"); (r.Stdout == "inside\n") != want {
			t.Errorf("%s: %v", enter, r)
		}
	}
}

// Mounts inside do not leak out.
func TestExecMounts(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	before := world.Mounts(t, "/")
	world.Sh(t, "mkdir -p /run/m; netns exec x mount -t tmpfs none /run/m").Want(t, 0)
	if after := world.Mounts(t, "/"); len(after) != len(before) {
		t.Errorf("before %q after %q", before, after)
	}
	os.Remove("/run/m")
}

// exec keeps what only the main thread has: its parent-death signal.
func TestExecRunsOnTheMainThread(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	cmd := exec.Command("setpriv", "--pdeathsig", "USR1", world.Binary(), "exec", "x", "setpriv", "--dump")
	if r := world.Finish(t, cmd).Want(t, 0); !strings.Contains(r.Stdout, "USR1") && !strings.Contains(r.Stdout, "usr1") {
		t.Error(r)
	}
}
