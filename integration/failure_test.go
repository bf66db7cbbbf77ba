package integration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"github.com/netns-go/netns/stages"
	"golang.org/x/sys/unix"
)

// runPlan makes namespaces by steps of one's own, in whatever order.
func runPlan(ctx context.Context, names []string, keep bool, steps ...stages.Step) error {
	return stages.Run(ctx, "", &stages.Plan{Names: names, Steps: steps, Keep: keep})
}

// creatable fails the test unless the namespace can be created now, and deletes it again.
func creatable(t *testing.T, names ...string) {
	t.Helper()
	netns(t, append([]string{"create"}, names...)...)
	netns(t, append([]string{"delete"}, names...)...)
}

// A stage that fails, in each place that a stage can have, on the first and on a later namespace: what was done before
// it is undone, also outside of the namespace.
func TestFailureAfterEachStage(t *testing.T) {
	builtin := []stages.Step{
		stages.Sysctl("net.ipv4.ip_forward=1"), stages.Loopback(), stages.Address("10.1.2.3/32"), stages.Verify(),
	}
	for i := range 2 * (len(builtin) + 1) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			i, victim := i/2, []string{"a", "b"}[i%2]
			world.Clean(t)
			marks := t.TempDir()
			var steps []stages.Step
			steps = append(steps, builtin[:i]...)
			steps = append(steps, teststage.Step("mark "+marks), teststage.Step("fail "+victim))
			steps = append(steps, builtin[i:]...)
			err := runPlan(t.Context(), []string{"a", "b"}, false, steps...)
			var stage *library.StageError
			if !errors.As(err, &stage) || stage.Stage != "test.stage" || stage.Namespace != victim {
				t.Errorf("error %v", err)
			}
			if !errors.Is(err, unix.EIO) || err.Error() != victim+": test.stage: as it was asked to: input/output error" {
				t.Errorf("the cause did not cross from the child: %v", err)
			}
			if left := world.Files(t, marks); len(left) > 0 {
				t.Errorf("not undone: %q", left)
			}
			creatable(t, "a", "b")
		})
	}
}

// What a child has to say when it crashes is said where its program writes errors; one that has closed that makes namespaces
// all the same.
func TestChildWritesToStandardError(t *testing.T) {
	world.Clean(t)
	stderr := os.Stderr
	defer func() { os.Stderr = stderr }()
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = said
	if err := runPlan(t.Context(), []string{"a"}, false, teststage.Step("panic")); err == nil {
		t.Error("no error")
	}
	if text, err := os.ReadFile(said.Name()); err != nil || !strings.Contains(string(text), "panic: as it was asked to") {
		t.Errorf("it said %q, %v", text, err)
	}
	said.Close()
	if err := library.Create(t.Context(), []string{"a"}, library.Options{}); err != nil {
		t.Error(err)
	}
	os.Stderr = stderr
	netns(t, "delete", "a")
}

// What an embedder's stage did under a name is left alone when that name is found to be taken: the stage is neither done nor
// undone, whether the child is new or has made another namespace before.
func TestTakenNameMeetsNoStage(t *testing.T) {
	world.Clean(t)
	marks := t.TempDir()
	step := teststage.Step("mark " + marks)
	if err := runPlan(t.Context(), []string{"a"}, false, step); err != nil {
		t.Fatal(err)
	}
	f, err := stages.NewFactory("", []stages.Step{step}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Run(t.Context(), []string{"b"}); err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{{"c", "a"}, {"a", "c"}} {
		var state *library.StateError
		if err := runPlan(t.Context(), names, false, step); !errors.As(err, &state) {
			t.Error(err)
		}
		if err := f.Run(t.Context(), names); !errors.As(err, &state) {
			t.Error(err)
		}
		if marked := world.Files(t, marks); !slices.Equal(marked, []string{"a", "b"}) {
			t.Errorf("marked: %q", marked)
		}
	}
	netns(t, "delete", "a", "b")
}

// Each way in which a child can end that is no answer.
func TestDeadChild(t *testing.T) {
	for verb, text := range map[string]string{
		"panic": "exit status 2", "exit": "exit status 0", "kill": "signal: killed",
	} {
		t.Run(verb, func(t *testing.T) {
			world.Clean(t)
			marks := t.TempDir()
			err := library.Create(t.Context(), []string{"a", "b"}, library.Options{
				Steps: []library.Step{teststage.Step("mark " + marks), teststage.Step(verb)},
			})
			if err == nil || !strings.Contains(err.Error(), "the child ended before its work was done: "+text) {
				t.Errorf("error %v", err)
			}
			if left := world.Files(t, marks); len(left) > 0 {
				t.Errorf("the parent did not undo what the child did: %q", left)
			}
			creatable(t, "a", "b")
		})
	}
}

// A step that cannot be undone is reported, and does not keep the others from being undone.
func TestStuckUndo(t *testing.T) {
	world.Clean(t)
	marks, stuck := t.TempDir(), t.TempDir()
	err := library.Create(t.Context(), []string{"a"}, library.Options{
		Steps: []library.Step{
			teststage.Step("mark " + marks), teststage.Step("stuck " + stuck), teststage.Step("fail"),
		},
	})
	var undo *library.UndoError
	if !errors.As(err, &undo) || undo.Step != "test.stage a" || !errors.Is(err, unix.EIO) {
		t.Errorf("error %v", err)
	}
	if left := world.Files(t, marks); len(left) > 0 {
		t.Errorf("not undone: %q", left)
	}
	creatable(t, "a")
}

// A child that hangs, or does not answer, is given up when the context ends.
func TestContextEndsWhileTheChildHangs(t *testing.T) {
	for _, verb := range []string{"stop", "sleep"} {
		t.Run(verb, func(t *testing.T) {
			world.Clean(t)
			marks := t.TempDir()
			cause := errors.New("enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, cause)
			defer cancel()
			start := time.Now()
			err := library.Create(ctx, []string{"a"}, library.Options{
				Steps: []library.Step{teststage.Step("mark " + marks), teststage.Step(verb)},
			})
			if !errors.Is(err, cause) {
				t.Errorf("error %v", err)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if left := world.Files(t, marks); len(left) > 0 {
				t.Errorf("not undone: %q", left)
			}
			creatable(t, "a")
		})
	}
}

// When the parent dies, the child rolls back, also when a stage of an embedder's hangs. That it also does when everything is
// published but not committed, see TestInjectedFailure.
func TestDeadParent(t *testing.T) {
	if marks := os.Getenv("NETNS_TEST_HELPER"); world.Inside() && marks != "" {
		err := library.Create(context.Background(), []string{"a", "b"}, library.Options{Steps: []library.Step{
			teststage.Step("mark " + marks), teststage.Step("kill-parent"), teststage.Step(os.Getenv("NETNS_TEST_THEN")),
		}})
		t.Fatalf("survived: %v", err)
	}
	for _, then := range []string{"mark /run", "sleep"} {
		t.Run(then, func(t *testing.T) {
			world.Clean(t)
			marks := t.TempDir()
			cmd := exec.Command("/proc/self/exe", "-test.run=^TestDeadParent$")
			cmd.Env = append(os.Environ(), "NETNS_TEST_HELPER="+marks, "NETNS_TEST_THEN="+then)
			if r := finish(t, cmd); r.code != 128+int(syscall.SIGKILL) {
				t.Error(r)
			}
			// The child still works when the parent is dead.
			until(t, func() bool { return len(world.Files(t, "/run/netns"))+len(world.Files(t, marks)) == 0 })
			creatable(t, "a", "b")
		})
	}
}

// The command with a failing system call in each stage, injected by strace.
func TestInjectedFailure(t *testing.T) {
	const path = "/proc/sys/net/ipv4/ip_forward"
	for _, test := range []struct {
		name, inject, path string
		code               int
		stderr             []string
	}{
		{"claim", "pwrite64:error=ENOSPC:when=1", "", 1, []string{"create: write /run/netns: no space left on device"}},
		{"socket", "socketpair:error=EMFILE", "", 1, []string{"socketpair: too many open files"}},
		{"unshare", "unshare:error=ENOSPC", "", 1,
			[]string{"create: a: unshare: no space left on device: a limit is reached, and user.max_net_namespaces is "}},
		{"unsupported", "unshare:error=EINVAL", "", 9, []string{"create: a: unshare: ", "CONFIG_NET_NS"}},
		{"sysctl open", "openat:error=EIO", path, 1, []string{"create: a: sysctl: open " + path + ": input/output error"}},
		{"sysctl write", "write:error=EROFS", path, 1,
			[]string{"create: a: sysctl: write " + path + ": read-only file system"}},
		{"socket inside", "ioctl:error=ENOBUFS:when=1", "", 1, []string{"create: a: loopback: find lo: ioctl SIOCGIFFLAGS: no buffer space"}},
		{"lo up", "ioctl:error=EPERM:when=2", "", 1, // not for want of a capability: root has them
			[]string{"create: a: loopback: set lo up: ioctl SIOCSIFFLAGS: operation not permitted: CAP_NET_ADMIN is there, but something else refuses it"}},
		{"unshare of the second", "unshare:error=ENOMEM:when=2", "", 1, []string{"create: b: unshare: cannot allocate memory"}},
		{"lo up of the second", "ioctl:error=ENOBUFS:when=5", "", 1, []string{"create: b: loopback: set lo up: ioctl SIOCSIFFLAGS: no buffer"}},
		{"killed at unshare", "unshare:signal=KILL", "", 1, []string{"create: the child ended before its work was done: signal: killed"}},
		{"killed at the second link", "linkat:signal=KILL:when=2", "", 1, []string{"signal: killed"}},
		{"parent killed at the commit", "pwrite64:signal=KILL:when=2", "", 128 + 9, nil},
		{"address", "sendto:error=ENOMEM:when=1", "", 1,
			[]string{"create: a: address: add 10.1.2.3/32 to lo: cannot allocate memory"}},
		{"echo", "sendto:error=ENETUNREACH:when=2", "", 1,
			[]string{"create: a: verify: ICMP echo to 127.0.0.1: ", "network is unreachable", "--verify=false"}},
		{"link", "linkat:error=ENOSPC", "", 1, []string{"create: a: publish: link /run/netns/a: no space left"}},
		{"link of the second", "linkat:error=ENOSPC:when=2", "", 1, []string{"create: b: publish: link /run/netns/b"}},
		{"mount", "mount:error=ENOMEM:when=1", "", 1, []string{"create: a: publish: mount /run/netns/a: cannot allocate"}},
		{"mount of the second", "mount:error=ENOMEM:when=2", "", 1, []string{"create: b: publish: mount /run/netns/b"}},
		{"commit", "pwrite64:error=EIO:when=2", "", 1, []string{"create: commit: ", "input/output error"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			world.Clean(t)
			netns(t, "create", "earlier") // so that the run directory is there, and something to spoil
			defer netns(t, "delete", "earlier")
			args := []string{"strace", "-f", "-o", "/dev/null", "-e", "inject=" + test.inject}
			if test.path != "" {
				args = append(args, "-P", test.path)
			}
			// With an option before the verb, the parent makes its calls on one thread, see delayed.
			args = append(args, "netns", "--quiet=false", "create", "--sysctl", "net.ipv4.ip_forward=1", "--address", "10.1.2.3/32", "a", "b")
			run(t, args...).want(t, test.code, test.stderr...)
			// A child whose parent is dead still has to roll back.
			until(t, func() bool { return len(world.Files(t, "/run/netns")) == 1 })
			if got := netns(t, "list").stdout; got != "earlier\n" {
				t.Errorf("list shows %q", got)
			}
			creatable(t, "a", "b")
		})
	}
}

// What is asked to be kept is kept, and says so.
func TestKeepOnFail(t *testing.T) {
	world.Clean(t)
	err := runPlan(t.Context(), []string{"a"}, true, stages.Loopback(), teststage.Step("fail"), stages.Verify())
	var kept *library.KeptError
	if !errors.As(err, &kept) || kept.Kept != "a" || len(kept.Complete) != 0 || !errors.Is(err, unix.EIO) {
		t.Fatalf("error %v", err)
	}
	entry, err := library.Lookup("", "a")
	if err != nil || entry.State != library.Kept || entry.Stage != "test.stage" {
		t.Errorf("%+v, %v", entry, err)
	}
	if r := netns(t, "list", "-o", "json"); !strings.Contains(r.stdout, `"state":"kept","stage":"test.stage"`) {
		t.Error(r)
	}
	sh(t, "netns exec a cat /sys/class/net/lo/flags | grep -q 0x9").want(t, 0) // lo is up, for a look at it
	run(t, "netns", "create", "a").want(t, 4, "kept incomplete, since its stage test.stage failed", "netns delete")
	run(t, "netns", "create", "--if-not-exists", "a").want(t, 4, "kept incomplete")
	netns(t, "delete", "a")
}

// With several names, those that were built are published, the one that failed is kept, and the rest are absent.
func TestCommandKeepsOnFail(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "earlier")
	defer netns(t, "delete", "earlier")
	inject := func(inject string) result {
		return run(t, "strace", "-f", "-o", "/dev/null", "-e", "inject="+inject,
			"netns", "create", "--rollback-on-fail=false", "a", "b", "c")
	}
	// Each namespace takes three calls, of which the first finds lo and the second brings it up.
	r := inject("ioctl:error=ENOBUFS:when=5").want(t, 8, "create: b: loopback: ", "kept b as it is", "kept 1 complete")
	list := netns(t, "list", "-o", "json").stdout
	if strings.Count(list, `"state":"ready"`) != 2 || !strings.Contains(list, `"state":"kept","stage":"loopback"`) {
		t.Errorf("%v\nand the list is %s", r, list)
	}
	netns(t, "delete", "a", "b")
	run(t, "netns", "delete", "c").want(t, 3)

	inject("linkat:error=ENOSPC:when=2").want(t, 8, "create: b: publish: ", "kept 1 complete")
	if got := netns(t, "list").stdout; got != "a\nearlier\n" {
		t.Errorf("list shows %q", got)
	}
	netns(t, "delete", "a")

	inject("unshare:error=ENOSPC:when=1").want(t, 1, "create: a: unshare: ")
}

// The errors are the standard ones, too.
func TestErrorsMatchTheStandardOnes(t *testing.T) {
	world.Clean(t)
	if _, err := library.Open("", "nope"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open: %v", err)
	}
	if err := library.Delete(t.Context(), "nope", library.DeleteOptions{MustExist: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Delete: %v", err)
	}
	if err := library.Create(t.Context(), []string{"a"}, library.Options{}); err != nil {
		t.Fatal(err)
	}
	defer library.Delete(t.Context(), "a", library.DeleteOptions{})
	if err := library.Create(t.Context(), []string{"a"}, library.Options{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create: %v", err)
	}
}
