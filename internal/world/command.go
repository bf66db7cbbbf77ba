package world

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Nobody is the beginning of a shell command that an ordinary user runs.
const Nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups "

// AsNobody returns the arguments of a command that an ordinary user runs.
func AsNobody(args ...string) []string { return append(strings.Fields(Nobody), args...) }

// Service returns the beginning of a shell command that a service runs: an ordinary user with these capabilities.
func Service(capabilities string) string {
	return Nobody + "--inh-caps=" + capabilities + " --ambient-caps=" + capabilities + " "
}

// EnoughCapabilities are the capabilities that a service needs for every verb but delete --kill.
const EnoughCapabilities = "+sys_admin,+net_admin,+net_raw,+dac_override"

// A Result is the output and the exit code of a command.
type Result struct {
	Args           []string
	Stdout, Stderr string
	Code           int // 128+N for signal N
}

func (r Result) String() string {
	return fmt.Sprintf("%q: exit code %d\nstandard output:\n%sstandard error:\n%s", r.Args, r.Code, r.Stdout, r.Stderr)
}

// Want fails the test unless the command ended with this code and standard error contains all the texts.
func (r Result) Want(t testing.TB, code int, stderr ...string) Result {
	t.Helper()
	ok := r.Code == code
	for _, text := range stderr {
		ok = ok && strings.Contains(r.Stderr, text)
	}
	if !ok {
		t.Errorf("want exit code %d and %q, got %v", code, stderr, r)
	}
	return r
}

// Run runs a command. "netns" is the command under test.
func Run(t testing.TB, args ...string) Result {
	t.Helper()
	return Finish(t, Command(args...))
}

// Netns runs the command under test, and fails the test unless it succeeds and writes nothing to standard error.
func Netns(t testing.TB, args ...string) Result {
	t.Helper()
	r := Run(t, append([]string{"netns"}, args...)...)
	if r.Code != 0 || r.Stderr != "" {
		t.Fatal(r)
	}
	return r
}

// Sh runs a shell script, in which netns is the command under test.
func Sh(t testing.TB, script string) Result {
	t.Helper()
	return Finish(t, Shell(script))
}

// Command returns the command for [Run], to be changed and passed to [Finish].
func Command(args ...string) *exec.Cmd {
	argv := append([]string(nil), args...)
	for i, arg := range argv {
		if arg == "netns" && (i == 0 || argv[i-1] != "ip") {
			argv[i] = Binary()
			break
		}
	}
	return exec.Command(argv[0], argv[1:]...)
}

// Shell returns the command for [Sh], to be changed and passed to [Finish].
func Shell(script string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(Binary())+":"+os.Getenv("PATH"))
	return cmd
}

// Finish runs a command to its end.
func Finish(t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return Result{cmd.Args, stdout.String(), stderr.String(), ExitCode(cmd)}
}

// ExitCode returns the exit code of a finished command as a shell has it: 128+N for signal N.
func ExitCode(cmd *exec.Cmd) int {
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return cmd.ProcessState.ExitCode()
}
