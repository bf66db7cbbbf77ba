package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// asBoth calls f for root and for an ordinary user, with what stands before a command that is theirs.
func asBoth(t *testing.T, f func(t *testing.T, as []string)) {
	world.Clean(t)
	t.Run("root", func(t *testing.T) { f(t, nil) })
	t.Run("nobody", func(t *testing.T) { f(t, asNobody()) })
}

// as returns a command line as somebody's.
func as(who []string, args ...string) []string { return append(who[:len(who):len(who)], args...) }

// The namespace is a fresh one, its lo is as asked for, and nothing is left of it.
func TestRun(t *testing.T) {
	asBoth(t, func(t *testing.T, who []string) {
		before := sh(t, "lsns -rn -o NS,TYPE").stdout
		own := strings.TrimSpace(sh(t, "readlink /proc/self/ns/net").stdout)
		r := run(t, as(who, "netns", "run", "--address", "10.1.2.3/32", "--sysctl", "net.ipv4.ip_forward=1", "--", "sh", "-c",
			`readlink /proc/self/ns/net; ls /sys/class/net; cat /proc/sys/net/ipv4/ip_forward; ip -br address; ping -c 1 -W 2 10.1.2.3 >&2`)...)
		lines := strings.Split(r.stdout, "\n")
		if r.code != 0 || len(lines) != 5 || lines[0] == own || lines[1] != "lo" || lines[2] != "1" ||
			!strings.HasPrefix(lines[3], "lo ") || !strings.Contains(lines[3], "10.1.2.3/32") {
			t.Error(r)
		}
		if after := sh(t, "lsns -rn -o NS,TYPE").stdout; after != before {
			t.Errorf("namespaces before\n%safter\n%s", before, after)
		}
		for options, want := range map[string]string{
			"": "LOOPBACK,UP", "--verify=false": "LOOPBACK,UP", "--loopback=false": "<LOOPBACK>", "--net-only": "LOOPBACK,UP",
		} {
			args := as(who, append(append([]string{"netns", "run"}, strings.Fields(options)...), "ip", "link")...)
			if r := run(t, args...).want(t, 0); !strings.Contains(r.stdout, want) || r.stderr != "" {
				t.Errorf("%s: %v", options, r)
			}
		}
	})
}

func TestRunCodes(t *testing.T) {
	asBoth(t, func(t *testing.T, who []string) {
		for command, code := range map[string]int{
			"true": 0, "sh -c 'exit 7'": 7, "-- sh -c 'exit 8'": 8, "sh -c 'kill -TERM $$'": 128 + 15, "nope": 127, "/etc": 126,
			"/etc/passwd": 126, "sh -c 'exit $#' sh --dir -v -- --help": 4, "": 125, "--": 125, "--nope true": 125,
			"--address nope true": 125, "--sysctl kernel.x=1 true": 125, "--env x true": 125, "--workdir /nope true": 125,
			"--sysctl net.ipv4.nope=1 true": 125, "--sysctl net.ipv4.ip_forward=x true": 125, "--dir": 125,
			"--loopback=false --verify true": 125, "--env A=5 sh -c 'exit $A'": 5, "netns run netns run sh -c 'exit 6'": 6,
		} {
			if r := sh(t, strings.Join(who, " ")+" netns run "+command+"; exit $?"); r.code != code {
				t.Errorf("want %d, got %v", code, r)
			}
		}
	})
}

// As root the command takes the place of netns. As another user it is root of the namespace, and only there.
func TestRunAs(t *testing.T) {
	world.Clean(t)
	const script = `echo $$; id -u; id -G; cat /proc/self/uid_map`
	for who, want := range map[string]string{
		"":                               "same 0 0 0 0 4294967295",
		strings.Join(asNobody(), " "):    "other 0 0 0 65534 1",
		"unshare --user --map-root-user": "same 0 0 0 0 1",
		// Root without its capabilities, as in a container.
		"setpriv --bounding-set -sys_admin": "other 0 0 0 0 1",
		"setpriv --bounding-set -net_admin": "other 0 0 0 0 1",
		"setpriv --bounding-set -net_raw":   "other 0 0 0 0 1",
	} {
		r := sh(t, "echo $$; exec "+who+" netns run sh -c '"+script+"'").want(t, 0)
		fields := strings.Fields(r.stdout)
		got := map[bool]string{true: "same ", false: "other "}[fields[0] == fields[1]] + strings.Join(fields[2:], " ")
		if got != want || r.stderr != "" {
			t.Errorf("%q: %q, want %q, %v", who, got, want, r)
		}
	}
	if r := netns(t, "run", "--user", "games", "--workdir", "/etc", "sh", "-c", "id -un; pwd"); r.stdout != "games\n/etc\n" {
		t.Error(r)
	}
	for _, option := range []string{"--user=games", "--group=tty"} {
		run(t, asNobody("netns", "run", option, "true")...).want(t, 125, "CAP_SYS_ADMIN", "no --user or --group")
	}
}

// Signals reach the command, and its end is netns's.
func TestRunSignals(t *testing.T) {
	asBoth(t, func(t *testing.T, who []string) {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			r := signalled(t, sig, 1, command(as(who, "netns", "run", "sh", "-c", untilTold)...)).want(t, 5)
			if r.stdout != "ready\ntold\n" {
				t.Error(r)
			}
		}
		signalled(t, syscall.SIGHUP, 1, command(as(who, "netns", "run", "sh", "-c", "echo ready; exec sleep 1000")...)).want(t, 128+1)
		// Killed, it takes the command along.
		cmd := command(as(who, "netns", "run", "sh", "-c", "echo ready; exec sleep 54321")...)
		signalled(t, syscall.SIGKILL, 1, cmd).want(t, 128+9)
		for i := 0; runs(t, "sleep", "54321"); i++ {
			if i == 100 {
				t.Fatal("the command lives on")
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// What a terminal sends to the process group the command gets once, not once more from netns.
func TestRunTerminal(t *testing.T) {
	asBoth(t, func(t *testing.T, who []string) {
		terminal, side := openTerminal(t)
		defer terminal.Close()
		script := `n=0; trap 'n=$((n+1))' INT; echo ready; while test $n = 0; do sleep 0.02; done; sleep 0.2; echo got $n.`
		cmd := command(as(who, "netns", "run", "sh", "-c", script)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = side, side, side
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		side.Close()
		text := ""
		for buf := make([]byte, 100); !strings.Contains(text, "."); {
			n, err := terminal.Read(buf)
			if err != nil {
				t.Fatalf("%v after %q", err, text)
			}
			if text += string(buf[:n]); strings.HasSuffix(text, "ready\r\n") {
				terminal.WriteString("\x03")
			}
		}
		if err := cmd.Wait(); err != nil || !strings.Contains(text, "got 1.") {
			t.Errorf("%v: %q", err, text)
		}
	})
}

// openTerminal returns the two sides of a new one.
func openTerminal(t *testing.T) (controller, side *os.File) {
	t.Helper()
	controller, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(controller.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		side, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return controller, side
}

// Where a part of /sys is covered, as in a container, an ordinary user gets no new one, and is told.
func TestRunCoveredSys(t *testing.T) {
	world.Clean(t)
	script := "mount -t tmpfs none /sys/firmware && " + strings.Join(asNobody(), " ") + " netns run "
	run := func(options string) result {
		cmd := exec.Command("unshare", "--mount", "sh", "-c", script+options+" readlink /sys/class/net/lo")
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(os.Getenv(binaryVar))+":"+os.Getenv("PATH"))
		return finish(t, cmd)
	}
	run("").want(t, 0, "netns: run: /sys remains the caller's: ")
	for _, options := range []string{"-q", "--net-only"} {
		if r := run(options).want(t, 0); r.stderr != "" {
			t.Error(r)
		}
	}
}
