//go:build all

package integration

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

// A host is a program that embeds netns, in a directory of its own.
type host struct {
	t   *testing.T
	dir string
}

func newHost(t *testing.T) host {
	t.Helper()
	if world.Shared() {
		t.Skip("how /run is mounted makes no difference to a host")
	}
	dir, err := os.MkdirTemp(world.Scratch, "host")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("CGO_ENABLED", "1")
	return host{t, dir}
}

// startsFile is what package starts in hosts writes to.
const startsFile = "starts"

// run runs a host there, its standard input a pipe. What hangs is killed, with all that it started.
func (h host) run(args ...string) result {
	h.t.Helper()
	os.Remove(filepath.Join(h.dir, startsFile))
	contained := []string{"--pid", "--kill-child", "timeout", "-s", "KILL", "60"}
	cmd := exec.Command("unshare", append(contained, args...)...)
	cmd.Dir, cmd.Stdin = h.dir, strings.NewReader("something to read\n")
	return finish(h.t, cmd)
}

// started fails the test unless these are the processes that the last run started that have package starts in them.
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
		h.t.Errorf("started were %q, want %q", got, want)
	}
}

const childName = "netns-stage"

// A program with a re-exec, stages and an unusual main of its own.
func TestHostWithItsOwn(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := buildProgram(t, "./hosts/embedder")
	r := h.run(program).want(t, 0)
	if r.stdout != "between\nembedder-own\n" || r.stderr != "" {
		t.Error(r)
	}
	h.started(program, "between", "embedder-own", childName)
	if _, err := os.Stat(filepath.Join(h.dir, "demo")); err != nil {
		t.Errorf("the program's stage was not done: %v", err)
	}
	netns(t, "delete", "demo")
}

// Started by somebody else under a child's name, it ends; in a child's environment, it is the program that it always is.
func TestHostStartedLikeAChild(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := buildProgram(t, "./hosts/embedder")
	h.run("bash", "-c", "exec -a netns-stage "+program).want(t, 2, "netns-stage: only netns itself can start this")
	h.started(childName)
	h.run("env", "NETNS_STAGE=unshare publish", program).want(t, 0)
	h.started(program, "between", "embedder-own", childName)
	netns(t, "delete", "demo")
}

// What the documentation of package stages says of the child: packages that come before are initialised in it, and what
// they find there.
func TestInitializersRunInTheChild(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	h.run(buildProgram(t, "./hosts/embedder")).want(t, 0)
	netns(t, "delete", "demo")
	text, err := os.ReadFile(filepath.Join(h.dir, startsFile))
	if err != nil || !strings.HasSuffix(string(text), "\nnetns-stage 1 /dev/null socket\n") {
		t.Errorf("%s, %v", text, err)
	}
}

// A stage that the child cannot know is refused, or said to be missing: no child is started for one that main registers,
// and one that came to main itself makes no further one.
func TestHostWithUnknownStage(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := buildProgram(t, "./hosts/embedder")
	h.run(program, "embedder.late").want(t, 1, `stage "embedder.late" was registered too late, by main or in a plugin`)
	h.started(program, "between", "embedder-own")
	h.run(program, "embedder.sometimes").want(t, 1, "netns-stage: not in a child that makes namespaces itself",
		"the child ended before its work was done: exit status 1: it never came to its stages")
	h.started(program, "between", "embedder-own", childName, "between", "embedder-own")
}

// A child keeps nothing of what the parent has open, and all that its own packages have opened.
func TestHostWithDescriptors(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := buildProgram(t, "./hosts/leaky")
	if r := h.run(program).want(t, 0); r.stdout != "" || r.stderr != "" {
		t.Error(r)
	}
	if text, err := os.ReadFile(filepath.Join(h.dir, "own")); string(text) != "demo\nsecond\n" {
		t.Errorf("the stage wrote %q, %v", text, err)
	}
	h.started(program, childName, childName)
	netns(t, "delete", "demo", "second")
}

// A child that never comes to its stages is ended, however long what it does not read is.
func TestHostWithMuteChild(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	long := []string{buildProgram(t, "./hosts/muted")}
	for i := range 4000 { // several times the buffer of a socket
		long = append(long, fmt.Sprintf("%s%d", strings.Repeat("x", 200), i))
	}
	h.run(long...).want(t, 1, "signal: killed: it never came to its stages")
}

// A program with docker's re-exec: its own entry point and ours are in one registry.
func TestHostWithDockersReexec(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	program := buildProgram(t, "-C", "dockerembed", ".")
	if r := h.run(program).want(t, 0); r.stdout != "dockerembed-own\n" || r.stderr != "" {
		t.Error(r)
	}
	h.started(program, childName, "dockerembed-own")
	netns(t, "delete", "demo")
}

const hostRefusal = "the host of this Go code is not a plain Go program (a c-shared library, or a plugin)"

// beginnings are what strace shows of the beginning of each system call.
var beginnings = regexp.MustCompile(`(?m)^\d+ +\w+\(.*$`)

// In a host whose main is not Go's, what needs no child works, and the rest starts nothing.
func TestHostNotGo(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	python, err := filepath.Abs("testdata/host.py")
	if err != nil {
		t.Fatal(err)
	}
	c := filepath.Join(h.dir, "host")
	run(t, "gcc", "-o", c, "testdata/host.c", buildProgram(t, "-buildmode=c-archive", "./hosts/library"), "-lpthread").want(t, 0)
	for _, args := range [][]string{{"/usr/bin/python3", python, buildProgram(t, "-buildmode=c-shared", "./hosts/library")}, {c}} {
		netns(t, "create", "there")
		trace := filepath.Join(h.dir, "trace")
		r := h.run(append([]string{"strace", "-f", "-e", "trace=execve,fork,vfork,clone,clone3",
			"-o", trace}, args...)...)
		r.want(t, 0)
		if !strings.HasPrefix(r.stdout, "TryCreate "+hostRefusal) || !strings.HasSuffix(r.stdout, "\nTryOthers \n") {
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

// A Go plugin: its host must have netns linked in as well.
func TestHostOfAPlugin(t *testing.T) {
	world.Clean(t)
	h := newHost(t)
	plugin := buildProgram(t, "-buildmode=plugin", "./hosts/plugin")
	netns(t, "create", "there")
	plain := buildProgram(t, "./hosts/opener")
	r := h.run(plain, plugin).want(t, 0)
	if !strings.HasPrefix(r.stdout, "delete: <nil>\ncreate: "+hostRefusal) ||
		!strings.Contains(r.stdout, "\nits own stage: "+hostRefusal) {
		t.Error(r)
	}
	h.started(plain)

	netns(t, "create", "there")
	linked := buildProgram(t, "-tags", "linked", "./hosts/opener")
	r = h.run(linked, plugin).want(t, 0)
	if !strings.HasPrefix(r.stdout, "delete: <nil>\ncreate: <nil>\n"+
		`its own stage: stage "plugin.stage" was registered too late`) {
		t.Error(r)
	}
	h.started(linked, childName)
	netns(t, "delete", "made")
}
