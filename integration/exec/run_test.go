package exec

import (
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// asBoth calls f for root and for an ordinary user, with the words that run a command as that user.
func asBoth(t *testing.T, f func(t *testing.T, as []string)) {
	world.Clean(t)
	t.Run("root", func(t *testing.T) { f(t, nil) })
	t.Run("nobody", func(t *testing.T) { f(t, world.AsNobody()) })
}

// as returns a command line that a user runs.
func as(user []string, args ...string) []string { return append(user[:len(user):len(user)], args...) }

// run makes a fresh namespace with lo as its options say, and nothing is left of it.
func TestRun(t *testing.T) {
	asBoth(t, func(t *testing.T, user []string) {
		before := world.Sh(t, "lsns -rn -o NS,TYPE").Stdout
		own := strings.TrimSpace(world.Sh(t, "readlink /proc/self/ns/net").Stdout)
		r := world.Run(t, as(user, "netns", "run", "--address", "10.1.2.3/32", "--sysctl", "net.ipv4.ip_forward=1", "--", "sh", "-c",
			`readlink /proc/self/ns/net; ls /sys/class/net; cat /proc/sys/net/ipv4/ip_forward; ip -br address; ping -c 1 -W 2 10.1.2.3 >&2`)...)
		lines := strings.Split(r.Stdout, "\n")
		if r.Code != 0 || len(lines) != 5 || lines[0] == own || lines[1] != "lo" || lines[2] != "1" ||
			!strings.HasPrefix(lines[3], "lo ") || !strings.Contains(lines[3], "10.1.2.3/32") {
			t.Error(r)
		}
		if after := world.Sh(t, "lsns -rn -o NS,TYPE").Stdout; after != before {
			t.Errorf("namespaces before\n%safter\n%s", before, after)
		}
		for options, want := range map[string]string{
			"": "LOOPBACK,UP", "--verify=false": "LOOPBACK,UP", "--loopback=false": "<LOOPBACK>", "--net-only": "LOOPBACK,UP",
		} {
			args := as(user, append(append([]string{"netns", "run"}, strings.Fields(options)...), "ip", "link")...)
			if r := world.Run(t, args...).Want(t, 0); !strings.Contains(r.Stdout, want) || r.Stderr != "" {
				t.Errorf("%s: %v", options, r)
			}
		}
	})
}

func TestRunCodes(t *testing.T) {
	asBoth(t, func(t *testing.T, user []string) {
		for command, code := range map[string]int{
			"true": 0, "sh -c 'exit 7'": 7, "-- sh -c 'exit 8'": 8, "sh -c 'kill -TERM $$'": 128 + 15, "--env PATH=/usr/bin:/bin nope": 127, "/etc": 126,
			"/etc/passwd": 126, "sh -c 'exit $#' sh --dir -v -- --help": 4, "": 125, "--": 125, "--nope true": 125,
			"--address nope true": 125, "--sysctl kernel.x=1 true": 125, "--env x true": 125, "--workdir /nope true": 125,
			"--sysctl net.ipv4.nope=1 true": 125, "--sysctl net.ipv4.ip_forward=x true": 125, "--dir": 125,
			"--loopback=false --verify true": 125, "--env A=5 sh -c 'exit $A'": 5, "netns run netns run sh -c 'exit 6'": 6,
		} {
			if r := world.Sh(t, strings.Join(user, " ")+" netns run "+command+"; exit $?"); r.Code != code {
				t.Errorf("want %d, got %v", code, r)
			}
		}
	})
}

// Run by root, the command takes the place of netns. Run by another user, it is root in the namespace, and only there.
func TestRunAs(t *testing.T) {
	world.Clean(t)
	const script = `echo $$; id -u; id -G; cat /proc/self/uid_map`
	for user, want := range map[string]string{
		"":                                  "same 0 0 0 0 4294967295",
		strings.Join(world.AsNobody(), " "): "other 0 0 0 65534 1",
		"unshare --user --map-root-user":    "same 0 0 0 0 1",
		// Root without its capabilities, as in a container.
		"setpriv --bounding-set -sys_admin": "other 0 0 0 0 1",
		"setpriv --bounding-set -net_admin": "other 0 0 0 0 1",
		"setpriv --bounding-set -net_raw":   "other 0 0 0 0 1",
	} {
		r := world.Sh(t, "echo $$; exec "+user+" netns run sh -c '"+script+"'").Want(t, 0)
		fields := strings.Fields(r.Stdout)
		got := map[bool]string{true: "same ", false: "other "}[fields[0] == fields[1]] + strings.Join(fields[2:], " ")
		if got != want || r.Stderr != "" {
			t.Errorf("%q: %q, want %q, %v", user, got, want, r)
		}
	}
	if r := world.Netns(t, "run", "--user", "games", "--workdir", "/etc", "sh", "-c", "id -un; pwd"); r.Stdout != "games\n/etc\n" {
		t.Error(r)
	}
	for _, option := range []string{"--user=games", "--group=tty"} {
		world.Run(t, world.AsNobody("netns", "run", option, "true")...).Want(t, 125, "CAP_SYS_ADMIN", "--user and --group do not work there")
	}
}

// Signals reach the command, and netns ends as the command does.
func TestRunSignals(t *testing.T) {
	asBoth(t, func(t *testing.T, user []string) {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			r := signalled(t, sig, 1, world.Command(as(user, "netns", "run", "sh", "-c", untilTold)...)).Want(t, 5)
			if r.Stdout != "ready\ntold\n" {
				t.Error(r)
			}
		}
		signalled(t, syscall.SIGHUP, 1, world.Command(as(user, "netns", "run", "sh", "-c", "echo ready; exec sleep 1000")...)).Want(t, 128+1)
		// If netns is killed, the command ends, too.
		cmd := world.Command(as(user, "netns", "run", "sh", "-c", "echo ready; exec sleep 54321")...)
		signalled(t, syscall.SIGKILL, 1, cmd).Want(t, 128+9)
		world.Until(t, func() bool {
			return len(world.PIDs(func(arguments string) bool { return arguments == "sleep 54321" })) == 0
		})
	})
}

// A terminal's signal to the process group reaches the command once; netns does not send it again.
func TestRunTerminal(t *testing.T) {
	asBoth(t, func(t *testing.T, user []string) {
		terminal, side := world.OpenTerminal(t)
		defer terminal.Close()
		script := `n=0; trap 'n=$((n+1))' INT; echo ready; while test $n = 0; do sleep 0.02; done; sleep 0.2; echo got $n.`
		cmd := world.Command(as(user, "netns", "run", "sh", "-c", script)...)
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

// A script's shell starts a command with & with SIGINT ignored. The command may have a handler for it all the same, so netns passes
// the signal on, and does not end itself.
func TestRunPassesIgnoredSignals(t *testing.T) {
	asBoth(t, func(t *testing.T, user []string) {
		const handler = `$SIG{INT} = sub { exit 5 }; $| = 1; print "ready\n"; sleep 1 while 1`
		script := "trap '' INT HUP; exec " + strings.Join(user, " ") + ` netns run -- perl -e '` + handler + `'`
		signalled(t, syscall.SIGINT, 1, world.Shell(script)).Want(t, 5)
	})
}

// systemd's variables mean the process that has their PID (sd_listen_fds(3)). Where netns waits for the command, that is the command.
func TestRunTakesOver(t *testing.T) {
	asBoth(t, func(t *testing.T, user []string) {
		script := "export LISTEN_PID=$$ WATCHDOG_PID=$$ LISTEN_FDS=1; exec " + strings.Join(user, " ") + ` netns run -- sh -c 'echo $LISTEN_PID $WATCHDOG_PID $$'`
		f := strings.Fields(world.Sh(t, script).Want(t, 0).Stdout)
		if len(f) != 3 || f[0] != f[2] || f[1] != f[2] {
			t.Error(f)
		}
		script = "export LISTEN_PID=1; exec " + strings.Join(user, " ") + ` netns run -- sh -c 'echo $LISTEN_PID'`
		if r := world.Sh(t, script).Want(t, 0); r.Stdout != "1\n" {
			t.Error(r)
		}
	})
}
