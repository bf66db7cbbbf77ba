package failure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"github.com/netns-go/netns/stages"
	"golang.org/x/sys/unix"
)

// runPlan makes namespaces by any steps, in any order.
func runPlan(ctx context.Context, names []string, keep bool, steps ...stages.Step) error {
	return stages.Run(ctx, "", &stages.Plan{Names: names, Steps: steps, Keep: keep})
}

// A stage fails, in each possible place, on the first and on a later namespace: every step before it is undone, also outside of
// the namespace.
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
			var stage *netns.StageError
			if !errors.As(err, &stage) || stage.Stage != "test.stage" || stage.Namespace != victim {
				t.Errorf("error %v", err)
			}
			if !errors.Is(err, unix.EIO) || err.Error() != victim+": test.stage: as it was asked to: input/output error" {
				t.Errorf("the cause did not cross from the child: %v", err)
			}
			if left := world.Files(t, marks); len(left) > 0 {
				t.Errorf("not undone: %q", left)
			}
			world.Creatable(t, "a", "b")
		})
	}
}

// A child that crashes writes to its program's standard error. A program that has closed its standard error makes namespaces
// all the same.
func TestChildWritesToStandardError(t *testing.T) {
	world.Clean(t)
	said := catchStderr(t)
	if err := runPlan(t.Context(), []string{"a"}, false, teststage.Step("panic")); err == nil {
		t.Error("no error")
	}
	if text := said(); !strings.Contains(text, "panic: as it was asked to") {
		t.Errorf("it said %q", text)
	}
	os.Stderr.Close()
	if err := netns.Create(t.Context(), []string{"a"}, netns.Options{}); err != nil {
		t.Error(err)
	}
	world.Netns(t, "delete", "a")
}

// catchStderr makes a file this program's standard error until the test ends. It returns a function that reads the file.
func catchStderr(t *testing.T) (said func() string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = file
	t.Cleanup(func() {
		os.Stderr = stderr
		file.Close()
	})
	return func() string {
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
}

// If a name is taken, the embedder's stage is neither done nor undone for it, so the effect of its earlier run under that name stays.
// That holds for a new child, and for a child that has made another namespace before.
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
		var state *netns.StateError
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
	world.Netns(t, "delete", "a", "b")
}

// The child ends without an answer, in each possible way.
func TestDeadChild(t *testing.T) {
	for verb, test := range map[string]struct{ end, said string }{
		"panic": {"exit status 2", "panic: as it was asked to"}, "exit": {"exit status 0", ""}, "kill": {"signal: killed", ""},
	} {
		t.Run(verb, func(t *testing.T) {
			world.Clean(t)
			said := catchStderr(t)
			marks := t.TempDir()
			err := netns.Create(t.Context(), []string{"a", "b"}, netns.Options{
				Steps: []netns.Step{teststage.Step("mark " + marks), teststage.Step(verb)},
			})
			if err == nil || !strings.Contains(err.Error(), "the child ended before its work was done: "+test.end) {
				t.Errorf("error %v", err)
			}
			if text := said(); !strings.Contains(text, test.said) || (text == "") != (test.said == "") {
				t.Errorf("the child said %q, want %q", text, test.said)
			}
			if left := world.Files(t, marks); len(left) > 0 {
				t.Errorf("the parent did not undo what the child did: %q", left)
			}
			world.Creatable(t, "a", "b")
		})
	}
}

// If a step cannot be undone, the error names it, and the other steps are undone.
func TestStuckUndo(t *testing.T) {
	world.Clean(t)
	marks, stuck := t.TempDir(), t.TempDir()
	err := netns.Create(t.Context(), []string{"a"}, netns.Options{
		Steps: []netns.Step{
			teststage.Step("mark " + marks), teststage.Step("stuck " + stuck), teststage.Step("fail"),
		},
	})
	var undo *netns.UndoError
	if !errors.As(err, &undo) || undo.Step != "test.stage a" || !errors.Is(err, unix.EIO) {
		t.Errorf("error %v", err)
	}
	if left := world.Files(t, marks); len(left) > 0 {
		t.Errorf("not undone: %q", left)
	}
	world.Creatable(t, "a")
}

// When the context ends, the parent gives up a child that hangs or is stopped.
func TestContextEndsWhileTheChildHangs(t *testing.T) {
	for _, verb := range []string{"stop", "sleep"} {
		t.Run(verb, func(t *testing.T) {
			world.Clean(t)
			marks := t.TempDir()
			cause := errors.New("enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, cause)
			defer cancel()
			start := time.Now()
			err := netns.Create(ctx, []string{"a"}, netns.Options{
				Steps: []netns.Step{teststage.Step("mark " + marks), teststage.Step(verb)},
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
			world.Creatable(t, "a")
		})
	}
}

// When the parent dies, the child rolls back, also if an embedder's stage hangs. For a child that has published everything, but
// not committed, see TestInjectedFailure.
func TestDeadParent(t *testing.T) {
	if marks := os.Getenv("NETNS_TEST_HELPER"); world.Inside() && marks != "" {
		err := netns.Create(context.Background(), []string{"a", "b"}, netns.Options{Steps: []netns.Step{
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
			if r := world.Finish(t, cmd); r.Code != 128+int(syscall.SIGKILL) {
				t.Error(r)
			}
			// The child still works after the parent's death.
			world.Until(t, func() bool { return len(world.Files(t, "/run/netns"))+len(world.Files(t, marks)) == 0 })
			world.Creatable(t, "a", "b")
		})
	}
}

// With Keep, the incomplete namespace stays, in the state kept.
func TestKeepOnFail(t *testing.T) {
	world.Clean(t)
	err := runPlan(t.Context(), []string{"a"}, true, stages.Loopback(), teststage.Step("fail"), stages.Verify())
	var kept *netns.KeptError
	if !errors.As(err, &kept) || kept.Kept != "a" || len(kept.Complete) != 0 || !errors.Is(err, unix.EIO) {
		t.Fatalf("error %v", err)
	}
	dir, err := netns.OpenDir("")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	entry, err := dir.Lookup("a")
	if err != nil || entry.State != netns.Kept || entry.Stage != "test.stage" {
		t.Errorf("%+v, %v", entry, err)
	}
	if r := world.Netns(t, "list", "-o", "json"); !strings.Contains(r.Stdout, `"state":"kept","stage":"test.stage"`) {
		t.Error(r)
	}
	world.Sh(t, "netns exec a cat /sys/class/net/lo/flags | grep -q 0x9").Want(t, 0) // lo is up, as its stage left it
	world.Run(t, "netns", "create", "a").Want(t, 4, "kept incomplete, since its stage test.stage failed", "netns delete")
	world.Run(t, "netns", "create", "--if-not-exists", "a").Want(t, 4, "kept incomplete")
	world.Netns(t, "delete", "a")
}
