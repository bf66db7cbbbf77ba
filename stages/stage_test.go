//go:build linux

package stages

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

func TestRegisterRefuses(t *testing.T) {
	for _, name := range []string{"", "A", "a b", "a/b", "ä", strings.Repeat("x", 65), unshareStage} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was registered", name)
				}
			}()
			Register(name, builtIn[loopbackStage])
		}()
	}
}

func TestPlanNamesItsStages(t *testing.T) {
	p := &Plan{Names: []string{"a"}, Steps: []Step{Loopback(), Verify()}}
	if got := token(p); got != "NETNS_STAGE=unshare loopback verify publish" {
		t.Error(got)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	p.Steps = append(p.Steps, Step{Stage: "nope"})
	if err := p.Check(); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Error(err)
	}
	var name *persist.NameError
	if err := (&Plan{Names: []string{"a", "a"}}).Check(); !errors.As(err, &name) {
		t.Error(err)
	}
}

func TestSysctlPath(t *testing.T) {
	for key, want := range map[string]string{
		"net.ipv4.ip_forward":             "/proc/sys/net/ipv4/ip_forward",
		"net/ipv4/ip_forward":             "/proc/sys/net/ipv4/ip_forward",
		"net.ipv4.conf.eth0/1.rp_filter":  "/proc/sys/net/ipv4/conf/eth0.1/rp_filter",
		"net/ipv4/conf/eth0.1/rp_filter":  "/proc/sys/net/ipv4/conf/eth0.1/rp_filter",
		"net.ipv4.conf.all.rp_filter/../": "/proc/sys/net/ipv4/conf/all/rp_filter.//.",
	} {
		if got := sysctlPath(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}

// Only a process that was started as a child becomes one: its name alone or the token alone do not do it. The test
// binary, started so, runs this very test and says so.
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
		cmd.Env = append(cmd.Env, passed+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "PASS") {
			t.Errorf("%s: %v, %s", what, err, out)
		}
	}
}

// One that was started as a child, and cannot be one, runs nothing else instead.
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

// Namespaces are verified on many threads at once, and unix.Sendto writes into the address that it is given.
func TestEchoesShareNoAddress(t *testing.T) {
	for _, family := range []*echoFamily{&echo4, &echo6} {
		if family.address() == family.address() {
			t.Errorf("%s: two echoes have one address", family.name)
		}
	}
}

// A fork that the kernel refuses is put down to the limits that there are.
func TestStartErrorNamesTheLimit(t *testing.T) {
	for errno, want := range map[error]string{
		unix.EAGAIN: "ulimit -u", unix.ENOMEM: "memory.max", unix.EMFILE: "too many open files",
	} {
		err := startError(&os.PathError{Op: "fork/exec", Path: "/proc/self/exe", Err: errno})
		if !errors.Is(err, errno) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "start the child: ") {
			t.Errorf("%v", err)
		}
	}
}
