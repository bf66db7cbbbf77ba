package recovery

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// A surrounding is a shell with its own mounts, in which the test runs the command while this world is the machine.
type surrounding struct {
	out   string
	stdin io.Writer
	codes *bufio.Reader
}

// surround starts a shell by unshare(1) with these options, and runs the setup in it. The words of as run each command.
func surround(t *testing.T, options, setup, as string) *surrounding {
	t.Helper()
	dir := world.TempDir(t)
	// So that a service's user may run it, too.
	world.Sh(t, "chmod 755 "+dir+" && install "+world.Binary()+" "+dir+"/netns").Want(t, 0)
	s := &surrounding{out: dir + "/out"}
	script := fmt.Sprintf("exec 2>>%s\n%s && echo 0 || echo 1\nwhile read -r line; do %s sh -c \"$line\" </dev/null >%s 2>&1; echo $?; done", s.out, setup, as, s.out)
	args := append(strings.Fields("--kill-child -m -f "+options), "bash", "-c", script)
	cmd := exec.Command("unshare", args...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	var err error
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.codes = bufio.NewReader(stdout)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stdin.(io.Closer).Close()
		cmd.Wait()
	})
	if r := s.result(t, setup); r.Code != 0 {
		t.Fatal(r)
	}
	return s
}

// run runs a command line in the surrounding.
func (s *surrounding) run(t *testing.T, line string) world.Result {
	t.Helper()
	fmt.Fprintln(s.stdin, line)
	return s.result(t, line)
}

func (s *surrounding) result(t *testing.T, line string) world.Result {
	t.Helper()
	text, err := s.codes.ReadString('\n')
	if err != nil {
		out, _ := os.ReadFile(s.out)
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	code, _ := strconv.Atoi(strings.TrimSpace(text))
	out, _ := os.ReadFile(s.out)
	return world.Result{Args: []string{line}, Stderr: string(out), Code: code}
}

// container is a container's options of unshare(1).
const container = "-p --mount-proc --propagation private"
