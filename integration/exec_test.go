package integration

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestExecCodes(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	for command, code := range map[string]int{
		"true": 0, "sh -c 'exit 7'": 7, "-- sh -c 'exit 8'": 8, "sh -c 'kill -TERM $$'": 128 + 15,
		"nope": 127, "/nope": 127, "/etc/passwd": 126, "/etc": 126, "/etc/passwd/x": 127,
		"sh -c 'exit $#' sh --dir -v -- --help": 4, "": 125, "--": 125,
	} {
		// The shell turns a signal's end into the code.
		if r := sh(t, "netns exec x "+command+"; exit $?"); r.code != code {
			t.Errorf("want %d, got %v", code, r)
		}
	}
	run(t, "netns", "exec", "nope", "true").want(t, 125, "exec nope: /run/netns/nope: no such network namespace")
	run(t, "netns", "exec").want(t, 125, "no name given")
	run(t, "netns", "exec", "--nope", "x", "true").want(t, 125, `unknown option "--nope"`)
	run(t, "netns", "exec", "--dir").want(t, 125, "--dir needs a value")
	run(t, "netns", "exec", "--jobs", "2", "x", "true").want(t, 125, "--jobs is for --all")
	sh(t, "printf 'exit 9' >/run/script; chmod +x /run/script; netns exec x /run/script").want(t, 9)
	os.Remove("/run/script")
}

// The plain command lines, which do without the command-line library, mean and say what they do with it, as -q makes them.
func TestExecPlain(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	for _, variable := range []string{"", "NETNS_RUN_DIR= ", "NETNS_RUN_DIR=/run/netns/ ", "NETNS_RUN_DIR=/run/other "} {
		for _, words := range []string{
			"x readlink /proc/self/ns/net", "--net-only x readlink /proc/self/ns/net /proc/self/ns/mnt /x", "x -- echo -- a", "x ls /sys/class/net",
			"--net-only x ls /sys/class/net", "x sh -c 'exit 7'", "x", "x --", "x ''", "--net-only x", "--net-only", "--net-only x --",
			"--net-only --net-only x true", "nope true", "'' true", "../x true", "-- x true", "x nope", "x /etc/passwd", "x --net-only true",
			"x -h true", "-h x true", "--net-only=false x readlink /proc/self/ns/net", "-1 true", "help true",
		} {
			plain, full := sh(t, variable+"netns exec "+words), sh(t, variable+"netns -q exec "+words)
			if plain.code != full.code || plain.stdout != full.stdout || plain.stderr != full.stderr {
				t.Errorf("%snetns exec %s: %v\nwith -q: %v", variable, words, plain, full)
			}
		}
	}
}

// The command takes netns's place: the same process, with descriptors 0 to 2 and the limits that netns was given.
func TestExecBecomesTheCommand(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	const script = `sh -c 'echo $$; ls /proc/$$/fd; ulimit -Sn; ls /proc/$$/task | wc -l'`
	in := func(enter string) string {
		r := sh(t, "ulimit -Sn 100; echo $$; exec "+enter+" "+script).want(t, 0)
		pid, rest, _ := strings.Cut(r.stdout, "\n")
		if !strings.HasPrefix(rest, pid+"\n") {
			t.Errorf("not the same process: %v", r)
		}
		return strings.TrimPrefix(rest, pid)
	}
	if with, without := in("netns exec x"), in("env"); with != without {
		t.Errorf("descriptors, limit and threads with netns exec:\n%s\nwithout:\n%s", with, without)
	}
	if r := sh(t, "FOO=bar netns exec x sh -c 'echo $FOO'"); r.stdout != "bar\n" {
		t.Error(r)
	}
}

// /sys is the namespace's, and what else was mounted below it is still there.
func TestExecSys(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	run(t, "ip", "-n", "x", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1").want(t, 0)
	// In a mount namespace of the test's own: something in each place where there may be something.
	script := `
		mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/sub && mount -t tmpfs none /sys/fs/cgroup/sub &&
		touch /sys/fs/cgroup/sub/file && mount -t bpf none /sys/fs/bpf && mkdir /sys/fs/bpf/dir || exit 1
		netns exec x ls /sys/class/net /sys/fs/cgroup/sub /sys/fs/bpf
		echo outside
		ls /sys/class/net`
	r := sh(t, "unshare --mount sh -c '"+script+"'").want(t, 0)
	inside, outside, _ := strings.Cut(r.stdout, "outside\n")
	for _, want := range []string{"/sys/class/net:\nlo\nveth0\nveth1\n", "/sys/fs/cgroup/sub:\nfile\n", "/sys/fs/bpf:\ndir\n"} {
		if !strings.Contains(inside, want) {
			t.Errorf("no %q in %s", want, inside)
		}
	}
	if strings.Contains(outside, "veth") {
		t.Errorf("the caller's /sys was changed: %s", outside)
	}
	// It takes the place of the one that was there, which would hold that one's namespace.
	stacked := netns(t, "exec", "x", os.Getenv(binaryVar), "exec", "x", "grep", "-c", " /sys sysfs", "/proc/mounts").stdout
	if once := sh(t, "grep -c ' /sys sysfs' /proc/mounts").stdout; stacked != once {
		t.Errorf("%s mounts of sysfs on /sys outside, %s inside", once, stacked)
	}
	// A read-only /sys stays so, as in a container.
	sh(t, "unshare --mount sh -c 'mount -o remount,bind,ro /sys; netns exec x sh -c \"test ! -w /sys/kernel/profiling; "+
		"grep \\\" /sys sysfs ro\\\" /proc/mounts\"'").want(t, 0)
}

// The files of /etc/netns/NAME are those of /etc inside, and nowhere else.
func TestExecEtc(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x", "y")
	defer netns(t, "delete", "x", "y")
	defer os.RemoveAll("/etc/netns")
	sh(t, "mkdir -p /etc/netns/x && echo inside >/etc/netns/x/hostname && touch /etc/netns/x/nope").want(t, 0)
	run(t, "netns", "exec", "x", "cat", "/etc/hostname").want(t, 0, "/etc/netns/x/nope: ", "no such file or directory")
	for enter, want := range map[string]bool{"netns exec x": true, "ip netns exec x": true, "netns exec y": false, "env": false} {
		if r := sh(t, enter+" cat /etc/hostname"); (r.stdout == "inside\n") != want {
			t.Errorf("%s: %v", enter, r)
		}
	}
}

// Mounts inside do not leak out; mounts outside appear inside.
func TestExecMounts(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	before := world.Mounts(t, "/")
	sh(t, "mkdir -p /run/m; netns exec x mount -t tmpfs none /run/m").want(t, 0)
	if after := world.Mounts(t, "/"); len(after) != len(before) {
		t.Errorf("before %q after %q", before, after)
	}
	os.Remove("/run/m")
}

// exec keeps what only the main thread has: its parent-death signal.
func TestExecRunsOnTheMainThread(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	cmd := exec.Command("setpriv", "--pdeathsig", "USR1", os.Getenv(binaryVar), "exec", "x", "setpriv", "--dump")
	if r := finish(t, cmd).want(t, 0); !strings.Contains(r.stdout, "USR1") && !strings.Contains(r.stdout, "usr1") {
		t.Error(r)
	}
}
