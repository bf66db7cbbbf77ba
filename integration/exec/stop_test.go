package exec

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
)

// If netns waits for a command that stops, netns stops too, so that a shell sees it, and goes on with the command.
func TestStoppedCommand(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x", "y")
	defer world.Netns(t, "delete", "x", "y")
	for _, words := range [][]string{
		append(world.AsNobody(), "netns", "run", "--"), {"netns", "exec", "--all", "--"}, {"netns", "exec", "--all", "--jobs", "2", "--"},
	} {
		cmd := world.Command(append(words, "sh", "-c", "kill -STOP $$; exit 4")...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		stops := 0
		for running := true; running; {
			select {
			case <-ended:
				running = false
			default:
				if state(cmd) == "T" {
					stops++
					cmd.Process.Signal(syscall.SIGCONT)
				}
				time.Sleep(time.Millisecond)
			}
		}
		if code := world.ExitCode(cmd); code != 4 || stops == 0 {
			t.Errorf("%v: exit code %d, stopped %d times", words, code, stops)
		}
	}
}

// state returns the letter of a process's state in /proc, or "".
func state(cmd *exec.Cmd) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/stat")
	_, after, _ := strings.Cut(string(text), ") ")
	return after[:min(1, len(after))]
}

// A terminal stops and continues netns together with the command.
func TestTerminalStops(t *testing.T) {
	world.Clean(t)
	terminal, side := world.OpenTerminal(t)
	defer terminal.Close()
	cmd := world.Command(append(world.AsNobody(), "bash", "-c", `set -m; $0 run -- sh -c "sleep 0.3; exit 6"; echo "code $?"; fg; echo "then $?; done"`, world.Binary())...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = side, side, side
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	side.Close()
	world.Until(t, func() bool {
		return len(world.PIDs(func(arguments string) bool { return arguments == "sleep 0.3" })) == 1
	})
	terminal.WriteString("\x1a")
	text := ""
	for buf := make([]byte, 100); !strings.Contains(text, "done"); {
		n, err := terminal.Read(buf)
		if err != nil {
			break
		}
		text += string(buf[:n])
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(text, "code 148") || !strings.Contains(text, "then 6; done") {
		t.Errorf("%v: %q", err, text)
	}
}
