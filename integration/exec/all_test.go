package exec

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
	world.Run(t, "netns", "exec", "--all", "false").Want(t, 0)
	world.Netns(t, "create", "a", "b", "c")
	defer world.Netns(t, "delete", "a", "b", "c")
	world.Sh(t, "touch /run/netns/other").Want(t, 0)
	defer os.Remove("/run/netns/other")
	world.Sh(t, "echo input | netns exec --all sh -c 'readlink /proc/self/ns/net; read x; echo $x; echo e >&2'").
		Want(t, 0, "netns: exec: other is skipped: foreign\n", "\ne\ne\ne\n")
	os.Remove("/run/netns/other")

	// exec --all does the same as ip, except for the order, and for the exit code if the command fails.
	ours := world.Netns(t, "-all", "exec", "echo", "-n", "x").Stdout
	theirs := world.Sh(t, "ip -all netns exec echo -n x").Want(t, 0).Stdout
	if sorted(ours) != sorted(theirs) || ours != "\nnetns: a\nx\nnetns: b\nx\nnetns: c\nx" {
		t.Errorf("ours %q, ip's %q", ours, theirs)
	}
	fail := `test -d /sys/class/net/veth0 && kill -TERM $$; exit 3`
	world.Run(t, "ip", "-n", "b", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1").Want(t, 0)
	// ip hides the code, and stops at a command that a signal ended.
	world.Sh(t, "ip -all netns exec false").Want(t, 0)
	world.Sh(t, "ip -all netns exec sh -c '"+fail+"'").Want(t, 1)
	for _, jobs := range []string{"1", "2", "10"} {
		r := world.Run(t, "netns", "exec", "--all", "--jobs", jobs, "sh", "-c", "echo here; "+fail).Want(t, 128+15)
		if strings.Count(r.Stdout, "here") != 3 {
			t.Error(r)
		}
		world.Run(t, "netns", "exec", "--all", "--jobs", jobs, "--", "nope").Want(t, 127, "exec: nope: ")
	}
	// The options apply to each command.
	r := world.Netns(t, "exec", "--all", "-q", "--user", "games", "--group", "tty", "--env", "A=1,2", "--env", "B=3", "--workdir", "/etc",
		"sh", "-c", "echo $(id -un):$(id -gn) $A $B $(pwd)")
	if r.Stdout != strings.Repeat("games:tty 1,2 3 /etc\n", 3) {
		t.Error(r)
	}
	if r := world.Netns(t, "exec", "--all", "--jobs", "3", "--net-only", "readlink", "/proc/self/ns/mnt"); r.Stdout == "" ||
		strings.Count(r.Stdout, strings.TrimSpace(world.Sh(t, "readlink /proc/self/ns/mnt").Stdout)) != 3 {
		t.Error(r)
	}
	for args, reason := range map[string]string{
		"": "no command", "--jobs 0 true": "--jobs must be", "--jobs x true": "is not a number", "--env x true": "KEY=VALUE",
	} {
		world.Sh(t, "netns exec --all "+args).Want(t, 125, reason)
	}
	world.Sh(t, "netns exec --all true >/dev/full").Want(t, 125, "standard output could not be written")
}

func sorted(blocks string) string {
	r, _ := exec.Command("sh", "-c", "printf %s \"$1\" | tr '\\n' ' ' | sed 's/ netns/\\n&/g' | sort", "sh", blocks).Output()
	return strings.Join(strings.Fields(string(r)), " ")
}

// With --jobs, each line is whole and begins with its namespace, however many commands write at once.
func TestExecAllLines(t *testing.T) {
	world.Clean(t)
	names := []string{"a", "b", "c", "d"}
	world.Netns(t, append([]string{"create", "-q"}, names...)...)
	defer world.Netns(t, append([]string{"delete"}, names...)...)
	const lines = 2000
	script := fmt.Sprintf(`cat; name=$(ip netns identify $$); printf "%%0300d-$name\n" $(seq %d); printf "%%0300d-$name\n" $(seq %d) >&2; `+
		`printf "last-$name"`, lines, lines)
	r := world.Sh(t, "echo input | netns exec --all --jobs 3 sh -c '"+script+"' 2>&1").Want(t, 0)
	counts := map[string]int{}
	for line := range strings.Lines(r.Stdout) {
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

// A signal reaches the running commands, and exec starts no more.
func TestExecAllSignals(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "a", "b", "c")
	defer world.Netns(t, "delete", "a", "b", "c")
	for jobs, started := range map[string]int{"1": 1, "2": 2} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			r := signalled(t, sig, started, world.Command("netns", "exec", "--all", "--jobs", jobs, "sh", "-c", untilTold))
			r.Want(t, 128+int(sig), "ended by signal")
			if strings.Count(r.Stdout, "ready") != started || strings.Count(r.Stdout, "told") != started {
				t.Errorf("%s jobs: %v", jobs, r)
			}
		}
	}
}

// untilTold prints "ready", waits for a signal, prints "told" and fails.
const untilTold = `trap 'echo told; exit 5' TERM INT; echo ready; while :; do sleep 0.02; done`

// signalled starts a command, sends it a signal after the output has this many "ready", and waits for its end.
func signalled(t *testing.T, sig syscall.Signal, times int, cmd *exec.Cmd) world.Result {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // without a terminal, which would send the signal to the command as well
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
	return world.Result{Args: cmd.Args, Stdout: text + string(rest), Stderr: stderr.String(), Code: world.ExitCode(cmd)}
}
