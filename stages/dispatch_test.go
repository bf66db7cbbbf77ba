//go:build linux

package stages

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Only a process that was started as a child becomes one. With the name alone, or the token alone, the test binary runs this
// very test instead, and prints PASS.
func TestOnlyAChildDispatches(t *testing.T) {
	const passed = "NETNS_TEST_PASSED"
	if os.Getenv(passed) != "" {
		return
	}
	for what, cmd := range map[string]*exec.Cmd{
		"the token alone": {Args: []string{"x", "-test.run=^TestOnlyAChildDispatches$"}, Env: []string{tokenVar + "=unshare"}},
		"the name alone":  {Args: []string{entryPoint, "-test.run=^TestOnlyAChildDispatches$"}},
		"further arguments": {Args: []string{entryPoint, "-test.run=^TestOnlyAChildDispatches$"},
			Env: []string{tokenVar + "=unshare"}},
	} {
		cmd.Path = "/proc/self/exe"
		cmd.Env = append(append(os.Environ(), cmd.Env...), passed+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "PASS") {
			t.Errorf("%s: %v, %s", what, err, out)
		}
	}
}

// A process that was started as a child and cannot be one does not run its own main instead.
func TestChildWithoutSocketEnds(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{entryPoint}
	cmd.Env = []string{tokenVar + "=unshare"}
	cmd.ExtraFiles = []*os.File{os.Stdin}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 || !strings.HasPrefix(string(out), entryPoint+": start as a child: ") {
		t.Errorf("%v, %s", err, out)
	}
}

func TestThisProcessMayStartAChild(t *testing.T) {
	if err := mayStart(); err != nil {
		t.Error(err)
	}
	awaited = map[string]bool{}
	defer func() { awaited = nil }()
	if err := mayStart(); err != errChild {
		t.Errorf("in a child: %v", err)
	}
}
