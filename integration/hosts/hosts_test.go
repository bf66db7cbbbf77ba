//go:build all

package hosts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// A host is a program that embeds netns. It runs in its own directory.
type host struct {
	t   *testing.T
	dir string
}

func newHost(t *testing.T) host {
	t.Helper()
	if world.Shared() {
		t.Skip("the mount of /run makes no difference to a host")
	}
	t.Setenv("CGO_ENABLED", "1")
	return host{t, world.TempDir(t)}
}

// startsFile is the file that package hosts/starts writes to.
const startsFile = "starts"

// run runs a host in its directory, with a pipe as its standard input. It kills a host that hangs, with all processes of the host.
func (h host) run(args ...string) world.Result {
	h.t.Helper()
	os.Remove(filepath.Join(h.dir, startsFile))
	contained := []string{"--pid", "--kill-child", "timeout", "-s", "KILL", "60"}
	cmd := exec.Command("unshare", append(contained, args...)...)
	cmd.Dir, cmd.Stdin = h.dir, strings.NewReader("something to read\n")
	return world.Finish(h.t, cmd)
}

// started fails the test unless the last run started these processes with package hosts/starts in them.
func (h host) started(want ...string) {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, startsFile))
	if err != nil {
		h.t.Error(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		got = append(got, strings.Fields(line)[0])
	}
	if !slices.Equal(got, want) {
		h.t.Errorf("started %q, want %q", got, want)
	}
}

const childName = "netns-stage"

// A program with its own re-exec, its own stages and an unusual main.
func TestHostWithItsOwn(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := world.Build(t, "./embedder")
	r := h.run(program).Want(t, 0)
	if r.Stdout != "between\nembedder-own\n" || r.Stderr != "" {
		t.Error(r)
	}
	h.started(program, "between", "embedder-own", childName)
	if _, err := os.Stat(filepath.Join(h.dir, "demo")); err != nil {
		t.Errorf("the program's stage was not done: %v", err)
	}
	world.Netns(t, "delete", "demo")
}

// If another program starts the host under a child's name, the host ends. In a child's environment it is the usual program.
func TestHostStartedLikeAChild(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := world.Build(t, "./embedder")
	h.run("bash", "-c", "exec -a netns-stage "+program).Want(t, 2, "netns-stage: only netns itself can start this")
	h.started(childName)
	h.run("env", "NETNS_STAGE=unshare publish", program).Want(t, 0)
	h.started(program, "between", "embedder-own", childName)
	world.Netns(t, "delete", "demo")
}

// The documentation of package stages says which packages are initialised in the child, and what they find there.
func TestInitializersRunInTheChild(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	h.run(world.Build(t, "./embedder")).Want(t, 0)
	world.Netns(t, "delete", "demo")
	text, err := os.ReadFile(filepath.Join(h.dir, startsFile))
	if err != nil || !strings.HasSuffix(string(text), "\nnetns-stage 1 /dev/null socket\n") {
		t.Errorf("%s, %v", text, err)
	}
}

// If main registers a stage, the child cannot know it, and Create refuses it without a child. If a child reaches main, it starts no
// further child.
func TestHostWithUnknownStage(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := world.Build(t, "./embedder")
	h.run(program, "embedder.late").Want(t, 1, `stage "embedder.late" was registered too late, by main or in a plugin`)
	h.started(program, "between", "embedder-own")
	h.run(program, "embedder.sometimes").Want(t, 1, "netns-stage: not in a child that makes namespaces itself",
		"the child ended before its work was done: exit status 1: it never came to its stages")
	h.started(program, "between", "embedder-own", childName, "between", "embedder-own")
}

// A child keeps none of the parent's descriptors, and all descriptors of its own packages.
func TestHostWithDescriptors(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := world.Build(t, "./leaky")
	if r := h.run(program).Want(t, 0); r.Stdout != "" || r.Stderr != "" {
		t.Error(r)
	}
	if text, err := os.ReadFile(filepath.Join(h.dir, "own")); string(text) != "demo\nsecond\n" {
		t.Errorf("the stage wrote %q, %v", text, err)
	}
	h.started(program, childName, childName)
	world.Netns(t, "delete", "demo", "second")
}

// The parent ends a child that never reaches its stages, even if the plan does not fit into the socket.
func TestHostWithMuteChild(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	long := []string{world.Build(t, "./muted")}
	for i := range 4000 { // several times the buffer of a socket
		long = append(long, fmt.Sprintf("%s%d", strings.Repeat("x", 200), i))
	}
	h.run(long...).Want(t, 1, "signal: killed: it never came to its stages")
}

// A program with docker's re-exec has its own entry point and that of netns in one registry.
func TestHostWithDockersReexec(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := world.Build(t, "-C", "../dockerembed", ".")
	if r := h.run(program).Want(t, 0); r.Stdout != "dockerembed-own\n" || r.Stderr != "" {
		t.Error(r)
	}
	h.started(program, childName, "dockerembed-own")
	world.Netns(t, "delete", "demo")
}

const hostRefusal = "the host of this Go code is not a plain Go program (a c-shared library, or a plugin)"

// beginnings matches the line of strace at the beginning of each system call.
var beginnings = regexp.MustCompile(`(?m)^\d+ +\w+\(.*$`)

// In a host whose main is not Go's, functions without a child work, and the others start no process.
func TestHostNotGo(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	python, err := filepath.Abs("testdata/host.py")
	if err != nil {
		t.Fatal(err)
	}
	c := filepath.Join(h.dir, "host")
	world.Run(t, "gcc", "-o", c, "testdata/host.c", world.Build(t, "-buildmode=c-archive", "./library"), "-lpthread").Want(t, 0)
	for _, args := range [][]string{{"/usr/bin/python3", python, world.Build(t, "-buildmode=c-shared", "./library")}, {c}} {
		world.Netns(t, "create", "there")
		trace := filepath.Join(h.dir, "trace")
		r := h.run(append([]string{"strace", "-f", "-e", "trace=execve,fork,vfork,clone,clone3",
			"-o", trace}, args...)...)
		r.Want(t, 0)
		if !strings.HasPrefix(r.Stdout, "TryCreate "+hostRefusal) || !strings.HasSuffix(r.Stdout, "\nTryOthers \n") {
			t.Error(r)
		}
		if left := world.Files(t, "/run/netns"); len(left) > 0 {
			t.Errorf("left %q", left)
		}
		text, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		for i, call := range beginnings.FindAllString(string(text), -1) {
			if i > 0 && !strings.Contains(call, "CLONE_THREAD") { // the first is its own execve
				t.Errorf("%q started something: %s", args, call)
			}
		}
	}
}

// A plugin works only if its host has netns linked in, too.
func TestHostOfAPlugin(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	plugin := world.Build(t, "-buildmode=plugin", "./plugin")
	world.Netns(t, "create", "there")
	plain := world.Build(t, "./opener")
	r := h.run(plain, plugin).Want(t, 0)
	if !strings.HasPrefix(r.Stdout, "delete: <nil>\ncreate: "+hostRefusal) ||
		!strings.Contains(r.Stdout, "\nits own stage: "+hostRefusal) {
		t.Error(r)
	}
	h.started(plain)

	world.Netns(t, "create", "there")
	linked := world.Build(t, "-tags", "linked", "./opener")
	r = h.run(linked, plugin).Want(t, 0)
	if !strings.HasPrefix(r.Stdout, "delete: <nil>\ncreate: <nil>\n"+
		`its own stage: stage "plugin.stage" was registered too late`) {
		t.Error(r)
	}
	h.started(linked, childName)
	world.Netns(t, "delete", "made")
}
