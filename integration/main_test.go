// Package integration tests the built command and the library on the real kernel, each run in a world of its own.
package integration

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

	"github.com/netns-go/netns/internal/world"
)

// binaryVar names the command to be tested; where it is not set, it is built first.
const binaryVar = "NETNS_TEST_BINARY"

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if world.Inside() {
		if err := copyBinary(); err != nil {
			fmt.Println(err)
			return 1
		}
	} else if os.Getenv(binaryVar) == "" {
		dir, err := os.MkdirTemp("", "netns-test")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary := filepath.Join(dir, "netns")
		build := exec.Command("go", "build", "-trimpath", "-tags", "urfave_cli_no_docs", "-o", binary, "../cmd/netns")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Printf("build: %v\n%s", err, out)
			return 1
		}
		os.Setenv(binaryVar, binary)
	}
	return world.Main(m)
}

// copyBinary copies the command to where nobody can run it, too: a home directory, like root's, is mostly its owner's alone.
func copyBinary() error {
	program, err := os.ReadFile(os.Getenv(binaryVar))
	if err != nil {
		return err
	}
	dir := filepath.Join(world.Scratch, "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	binary := filepath.Join(dir, "netns")
	os.Setenv(binaryVar, binary)
	return os.WriteFile(binary, program, 0o755)
}

// A result is how a command ended.
type result struct {
	args           []string
	stdout, stderr string
	code           int // 128+N for signal N
}

func (r result) String() string {
	return fmt.Sprintf("%q: exit code %d\nstandard output:\n%sstandard error:\n%s", r.args, r.code, r.stdout, r.stderr)
}

// want fails the test unless the code is this one and standard error holds all the texts.
func (r result) want(t testing.TB, code int, stderr ...string) result {
	t.Helper()
	ok := r.code == code
	for _, text := range stderr {
		ok = ok && strings.Contains(r.stderr, text)
	}
	if !ok {
		t.Errorf("want exit code %d and %q, got %v", code, stderr, r)
	}
	return r
}

// run runs a command. "netns" is the one under test.
func run(t testing.TB, args ...string) result {
	t.Helper()
	return finish(t, command(args...))
}

// netns runs the command under test, and fails the test unless it succeeds without a word on standard error.
func netns(t testing.TB, args ...string) result {
	t.Helper()
	r := run(t, append([]string{"netns"}, args...)...)
	if r.code != 0 || r.stderr != "" {
		t.Fatal(r)
	}
	return r
}

func command(args ...string) *exec.Cmd {
	argv := append([]string(nil), args...)
	for i, arg := range argv {
		if arg == "netns" && (i == 0 || argv[i-1] != "ip") {
			argv[i] = os.Getenv(binaryVar)
			break
		}
	}
	return exec.Command(argv[0], argv[1:]...)
}

func finish(t testing.TB, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	code := cmd.ProcessState.ExitCode()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return result{cmd.Args, stdout.String(), stderr.String(), code}
}

// sh runs a shell script in which netns is the command under test.
func sh(t testing.TB, script string) result {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(os.Getenv(binaryVar))+":"+os.Getenv("PATH"))
	return finish(t, cmd)
}

// runs reports whether a process of this world has this command line.
func runs(t testing.TB, argv ...string) bool {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if line, err := os.ReadFile(path); err == nil && string(line) == strings.Join(argv, "\x00")+"\x00" {
			return true
		}
	}
	return false
}
