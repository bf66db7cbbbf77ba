//go:build linux

package netns_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// names fails the test unless the run directory has just these names.
func names(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got, err := netns.Names(dir); err != nil || !slices.Equal(got, want) {
		t.Errorf("names %q, %v; want %q", got, err, want)
	}
}

// erase deletes a namespace, and fails the test if it is not there.
func erase(t *testing.T, dir, name string) {
	t.Helper()
	if err := netns.Delete(t.Context(), name, netns.DeleteOptions{Dir: dir, MustExist: true}); err != nil {
		t.Error(err)
	}
}

// A path is a directory, which becomes a run directory, and a name in it.
func TestNewAt(t *testing.T) {
	world.Clean(t)
	const dir = "/run/of a tool"
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(dir)
	defer unix.Unmount(dir, 0)
	ns, err := netns.NewAt(t.Context(), dir+"/x", netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Verify(); err != nil || ns.Path() != dir+"/x" {
		t.Error(ns.Path(), err)
	}
	var taken *netns.StateError
	if _, err := netns.NewAt(t.Context(), dir+"/x", netns.Options{}); !errors.As(err, &taken) || taken.State != netns.Ready {
		t.Errorf("a path that there is: %v", err)
	}
	for path, o := range map[string]netns.Options{dir + "/y": {Dir: dir}, dir + "/": {}, "/nope/y/x": {}} {
		if ns, err := netns.NewAt(t.Context(), path, o); err == nil || ns != nil {
			t.Errorf("%q with %q: %v", path, o.Dir, err)
		}
	}
	if err := errors.Join(ns.Delete(t.Context()), ns.Close()); err != nil {
		t.Error(err)
	}
	names(t, dir)
}

func TestNewRandom(t *testing.T) {
	world.Clean(t)
	seen := map[string]bool{}
	for range 10 {
		ns, err := netns.NewRandom(t.Context(), "cni-", netns.Options{NoLoopback: true})
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(ns.Path(), "/run/netns/cni-")
		if len(name) != 32 || strings.Trim(name, "0123456789abcdef") != "" || seen[name] {
			t.Errorf("path %q", ns.Path())
		}
		seen[name] = true
		if err := ns.Verify(); err == nil {
			t.Error("lo is up")
		}
		if err := errors.Join(ns.Delete(t.Context()), ns.Close()); err != nil {
			t.Error(err)
		}
	}
	var name *netns.NameError
	if _, err := netns.NewRandom(t.Context(), "a/b", netns.Options{}); !errors.As(err, &name) {
		t.Errorf("a prefix that no name can have: %v", err)
	}
	names(t, "")
}

// A namespace that there is gets a name by a process, a path or a descriptor, and stays when the process ends.
func TestFrom(t *testing.T) {
	world.Clean(t)
	cmd := exec.Command("unshare", "-n", "sh", "-c", "echo; read wait")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil { // it is inside
		t.Fatal(err)
	}
	byPID, err := netns.OpenPID(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	byFd, err := netns.OpenFd(byPID.Fd())
	if err != nil {
		t.Fatal(err)
	}
	byPath, err := netns.OpenPath(byFd.Path())
	if err != nil {
		t.Fatal(err)
	}
	var pins []*netns.Namespace
	for _, from := range []*netns.Namespace{byPID, byFd, byPath} {
		pin, err := netns.NewRandom(t.Context(), "pin-", netns.Options{From: from})
		if err != nil {
			t.Fatal(err)
		}
		if from.Close(); pin.ID() != byPID.ID() {
			t.Errorf("%s is %d, want %d", pin.Path(), pin.ID(), byPID.ID())
		}
		pins = append(pins, pin)
	}
	stdin.Close()
	cmd.Wait()
	for _, pin := range pins {
		if again, err := netns.OpenPath(pin.Path()); err != nil || again.ID() != pin.ID() {
			t.Errorf("%s: %v", pin.Path(), err)
		} else {
			again.Close()
		}
		if err := errors.Join(pin.Delete(t.Context()), pin.Close()); err != nil {
			t.Error(err)
		}
	}
	names(t, "")
}

// The caller's own namespace gets a name only if it is meant, and what is to be set up inside another one is refused.
func TestFromRefused(t *testing.T) {
	world.Clean(t)
	own, err := netns.OpenPID(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if err := netns.Create(t.Context(), []string{"own"}, netns.Options{From: own}); !errors.Is(err, netns.ErrOwn) {
		t.Errorf("own: %v", err)
	}
	for name, o := range map[string]netns.Options{
		"sysctls":   {From: own, Own: true, Sysctls: []string{"net.ipv4.ip_forward=1"}},
		"addresses": {From: own, Own: true, Addresses: []string{"10.1.2.3/32"}},
		"keep":      {Replace: true, KeepOnFail: true},
	} {
		if err := netns.Check([]string{"x"}, o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	names(t, "")
	ns, err := netns.New(t.Context(), "own", netns.Options{From: own, Own: true})
	if err != nil {
		t.Fatal(err)
	}
	if ns.ID() != own.ID() {
		t.Errorf("%d, want %d", ns.ID(), own.ID())
	}
	if err := errors.Join(ns.Delete(t.Context()), ns.Close()); err != nil {
		t.Error(err)
	}
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var none *netns.StateError
	if _, err := netns.OpenFd(int(file.Fd())); !errors.As(err, &none) || none.State != netns.Foreign {
		t.Errorf("the descriptor of a device: %v", err)
	}
	if _, err := netns.OpenFd(-1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no descriptor: %v", err)
	}
}

// What is replaced is there until the new namespaces are complete.
func TestReplace(t *testing.T) {
	world.Clean(t)
	replace := netns.Options{Replace: true}
	old, err := netns.New(t.Context(), "a", replace) // which replaces nothing
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	broken := replace
	broken.Sysctls = []string{"net.ipv4.nope=1"}
	if err := netns.Create(t.Context(), []string{"a", "b"}, broken); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a stage that fails: %v", err)
	}
	if now, err := netns.Open("", "a"); err != nil || now.ID() != old.ID() {
		t.Errorf("it was replaced by nothing: %v", err)
	} else {
		now.Close()
	}
	var many []string
	for _, name := range strings.Split(strings.Repeat("x", 100), "") { // by more than one child
		many = append(many, name+string(rune('A'+len(many)/26))+string(rune('a'+len(many)%26)))
	}
	for _, all := range [][]string{{"a", "b"}, {"a", "b"}, append(many, "a"), append(many, "b")} {
		if err := netns.Create(t.Context(), all, replace); err != nil {
			t.Fatal(err)
		}
	}
	now, err := netns.Open("", "a")
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	if now.ID() == old.ID() {
		t.Error("it was not replaced")
	}
	// What is no namespace is not replaced, and nothing else then either.
	if err := os.WriteFile("/run/netns/file", []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	var state *netns.StateError
	if err := netns.Create(t.Context(), []string{"a", "file"}, replace); !errors.As(err, &state) || state.State != netns.Foreign {
		t.Errorf("a file: %v", err)
	}
	os.Remove("/run/netns/file")
	// Nor when the context ends, or another one comes, while the new ones are built.
	ctx, cancel := context.WithCancel(t.Context())
	late := replace
	late.Progress = func(e netns.Event) {
		if e.Stage == "verify" {
			cancel()
		}
	}
	if err := netns.Create(ctx, []string{"a"}, late); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
	late.Progress = func(e netns.Event) {
		if e.Stage == "verify" && e.Namespace == "b" {
			erase(t, "", "b")
			if err := netns.Create(t.Context(), []string{"b"}, netns.Options{}); err != nil {
				t.Error(err)
			}
		}
	}
	if err := netns.Create(t.Context(), []string{"a", "b"}, late); !errors.As(err, &state) || state.Name != "b" {
		t.Errorf("another one that came: %v", err)
	}
	if again, err := netns.Open("", "a"); err != nil || again.ID() != now.ID() {
		t.Errorf("what was not replaced is another one: %v", err)
	} else {
		again.Close()
	}
	for _, name := range append(many, "a", "b") {
		erase(t, "", name)
	}
	names(t, "")
}

// A Progress that panics, as a test's or a server's may, rolls back.
func TestProgressPanics(t *testing.T) {
	world.Clean(t)
	attempt := func(stage string) (said any) {
		defer func() { said = recover() }()
		return netns.Create(t.Context(), []string{"a", "b"}, netns.Options{Progress: func(e netns.Event) {
			if e.Stage == stage {
				panic("as it was asked to")
			}
		}})
	}
	for _, stage := range []string{"unshare", "publish"} {
		if said := attempt(stage); said != "as it was asked to" {
			t.Errorf("%s: %v", stage, said)
		}
		names(t, "")
	}
}

// What a stage meets is not taken for a random name that is taken, and has crossed from the child.
func TestStageMeetsAnError(t *testing.T) {
	world.Clean(t)
	for verb, want := range map[string]error{"not-there": fs.ErrNotExist, "taken": fs.ErrExist} {
		o := netns.Options{Steps: []netns.Step{teststage.Step(verb)}}
		if _, err := netns.NewRandom(t.Context(), "x", o); !errors.Is(err, want) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	names(t, "")
}

// A closed namespace may have given its number to another one.
func TestClosed(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	remove(t, ns, "x")
	_, nsid := ns.NSID()
	_, witness := netns.NewWitness(ns)
	for what, err := range map[string]error{
		"Do": ns.Do(t.Context(), func() error { return nil }), "Start": ns.Start(exec.Command("true")), "Verify": ns.Verify(),
		"NSID": nsid, "SetNSID": ns.SetNSID(5), "Kill": netns.Kill(t.Context(), unix.SIGKILL, 0, ns), "NewWitness": witness,
		"Delete": ns.Delete(t.Context()), "From": netns.Create(t.Context(), []string{"y"}, netns.Options{From: ns}),
		"zero": netns.Create(t.Context(), []string{"y"}, netns.Options{From: &netns.Namespace{}}),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	names(t, "")
}

// A namespace deletes its own name, and no other's.
func TestNamespaceDelete(t *testing.T) {
	world.Clean(t)
	ns, err := netns.New(t.Context(), "x", netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := ns.Delete(t.Context()); err != nil {
			t.Error(err)
		}
		names(t, "")
	}
	other, err := netns.New(t.Context(), "x", netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	names(t, "", "x")
	if err := os.Symlink("x", "/run/netns/link"); err != nil {
		t.Fatal(err)
	}
	link, err := netns.Open("", "link")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(link.Delete(t.Context()), link.Close()); err != nil {
		t.Error(err)
	}
	names(t, "", "x")
	ns.Close()
	if err := errors.Join(other.Delete(t.Context()), other.Close()); err != nil {
		t.Error(err)
	}
	nowhere, err := netns.OpenPID(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	if err := nowhere.Delete(t.Context()); err == nil {
		t.Error("a process's namespace was deleted")
	}
}

func TestUserDir(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/1000")
	if dir, err := netns.UserDir(); err != nil || dir != "/run/user/1000/netns" {
		t.Error(dir, err)
	}
	for _, bad := range []string{"", "relative"} {
		t.Setenv("XDG_RUNTIME_DIR", bad)
		if dir, err := netns.UserDir(); err == nil {
			t.Error(dir)
		}
	}
}

// Without names, a Witness waits for all that it watches.
func TestWitnessWaitsForAll(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	w, err := netns.NewWitness(ns)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if left, err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || len(left) != 1 || left[0] != ns {
		t.Errorf("it lives: %v, %v", left, err)
	}
	remove(t, ns, "x")
	if left, err := w.Wait(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("it has ended: %v, %v", left, err)
	}
}
