package integration

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
)

func TestExecAll(t *testing.T) {
	world.Clean(t)
	run(t, "netns", "exec", "--all", "false").want(t, 0)
	netns(t, "create", "a", "b", "c")
	defer netns(t, "delete", "a", "b", "c")
	sh(t, "touch /run/netns/other").want(t, 0)
	defer os.Remove("/run/netns/other")
	sh(t, "echo input | netns exec --all sh -c 'readlink /proc/self/ns/net; read x; echo $x; echo e >&2'").
		want(t, 0, "netns: exec: other is skipped: foreign\n", "\ne\ne\ne\n")
	os.Remove("/run/netns/other")

	// As ip does it, but for the order, and the exit code where the command fails.
	ours := netns(t, "-all", "exec", "echo", "-n", "x").stdout
	theirs := sh(t, "ip -all netns exec echo -n x").want(t, 0).stdout
	if sorted(ours) != sorted(theirs) || ours != "\nnetns: a\nx\nnetns: b\nx\nnetns: c\nx" {
		t.Errorf("ours %q, ip's %q", ours, theirs)
	}
	fail := `test -d /sys/class/net/veth0 && kill -TERM $$; exit 3`
	run(t, "ip", "-n", "b", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1").want(t, 0)
	// It keeps the code to itself, and stops at a command that a signal ended.
	sh(t, "ip -all netns exec false").want(t, 0)
	sh(t, "ip -all netns exec sh -c '"+fail+"'").want(t, 1)
	for _, jobs := range []string{"1", "2", "10"} {
		r := run(t, "netns", "exec", "--all", "--jobs", jobs, "sh", "-c", "echo here; "+fail).want(t, 128+15)
		if strings.Count(r.stdout, "here") != 3 {
			t.Error(r)
		}
		run(t, "netns", "exec", "--all", "--jobs", jobs, "--", "nope").want(t, 127, "exec: nope: ")
	}
	// Options come through to each.
	r := netns(t, "exec", "--all", "-q", "--user", "games", "--group", "tty", "--env", "A=1,2", "--env", "B=3", "--workdir", "/etc",
		"sh", "-c", "echo $(id -un):$(id -gn) $A $B $(pwd)")
	if r.stdout != strings.Repeat("games:tty 1,2 3 /etc\n", 3) {
		t.Error(r)
	}
	if r := netns(t, "exec", "--all", "--jobs", "3", "--net-only", "readlink", "/proc/self/ns/mnt"); r.stdout == "" ||
		strings.Count(r.stdout, strings.TrimSpace(sh(t, "readlink /proc/self/ns/mnt").stdout)) != 3 {
		t.Error(r)
	}
	for args, reason := range map[string]string{
		"": "no command", "--jobs 0 true": "--jobs must be", "--jobs x true": "invalid value", "--env x true": "KEY=VALUE",
	} {
		sh(t, "netns exec --all "+args).want(t, 125, reason)
	}
	sh(t, "netns exec --all true >/dev/full").want(t, 125, "standard output could not be written")
}

func sorted(blocks string) string {
	r, _ := exec.Command("sh", "-c", "printf %s \"$1\" | tr '\\n' ' ' | sed 's/ netns/\\n&/g' | sort", "sh", blocks).Output()
	return strings.Join(strings.Fields(string(r)), " ")
}

// With --jobs, every line is whole and says whose it is, however much there is at once.
func TestExecAllLines(t *testing.T) {
	world.Clean(t)
	names := []string{"a", "b", "c", "d"}
	netns(t, append([]string{"create", "-q"}, names...)...)
	defer netns(t, append([]string{"delete"}, names...)...)
	const lines = 2000
	script := fmt.Sprintf(`cat; name=$(ip netns identify $$); printf "%%0300d-$name\n" $(seq %d); printf "%%0300d-$name\n" $(seq %d) >&2; `+
		`printf "last-$name"`, lines, lines)
	r := sh(t, "echo input | netns exec --all --jobs 3 sh -c '"+script+"' 2>&1").want(t, 0)
	counts := map[string]int{}
	for line := range strings.Lines(r.stdout) {
		prefix, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		number, name, _ := strings.Cut(text, "-")
		if !ok || name != prefix || number != "last" && len(number) != 300 {
			t.Fatalf("a torn line: %q", line)
		}
		counts[name]++
	}
	for _, name := range names {
		if counts[name] != 2*lines+1 {
			t.Errorf("%s: %d lines of %d", name, counts[name], 2*lines+1)
		}
	}
}

// A signal reaches the commands that run, and no more are started.
func TestExecAllSignals(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "a", "b", "c")
	defer netns(t, "delete", "a", "b", "c")
	for jobs, started := range map[string]int{"1": 1, "2": 2} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			r := signalled(t, sig, started, command("netns", "exec", "--all", "--jobs", jobs, "sh", "-c", untilTold))
			r.want(t, 128+int(sig), "ended by signal")
			if strings.Count(r.stdout, "ready") != started || strings.Count(r.stdout, "told") != started {
				t.Errorf("%s jobs: %v", jobs, r)
			}
		}
	}
}

// untilTold says "ready", waits for a signal, says "told" and fails.
const untilTold = `trap 'echo told; exit 5' TERM INT; echo ready; while :; do sleep 0.02; done`

// signalled starts a command, sends it a signal when it has said "ready" this many times, and waits for its end.
func signalled(t *testing.T, sig syscall.Signal, times int, cmd *exec.Cmd) result {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // away from a terminal that would have told the command as well
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(10*time.Second, func() {
		t.Errorf("%q does not end", cmd.Args)
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	})
	defer late.Stop()
	reader, text := bufio.NewReader(stdout), ""
	for strings.Count(text, "ready") < times {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatalf("%q ended: %s%s", cmd.Args, text, stderr.String())
		}
		text += line
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(reader)
	cmd.Wait()
	code := cmd.ProcessState.ExitCode()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return result{cmd.Args, text + string(rest), stderr.String(), code}
}
