//go:build linux

package netns_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

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
		t.Errorf("an existing path: %v", err)
	}
	for _, path := range []string{dir + "/", "/nope/y/x"} {
		if ns, err := netns.NewAt(t.Context(), path, netns.Options{}); err == nil || ns != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	if err := errors.Join(ns.Delete(t.Context()), ns.Close()); err != nil {
		t.Error(err)
	}
	names(t, dir)
}

func TestRandomName(t *testing.T) {
	world.Clean(t)
	seen := map[string]bool{}
	for range 10 {
		ns, err := netns.New(t.Context(), netns.RandomName("cni-"), netns.Options{NoLoopback: true})
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
	if _, err := netns.New(t.Context(), netns.RandomName("a/b"), netns.Options{}); !errors.As(err, &name) {
		t.Errorf("a prefix that no name can have: %v", err)
	}
	names(t, "")
}

// From gives a name to the namespace of a process, a path or a descriptor, and the namespace stays when the process ends.
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
		pin, err := netns.New(t.Context(), netns.RandomName("pin-"), netns.Options{From: from})
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

// From refuses the caller's own namespace without Own, and options that would change the inside of an existing one.
func TestFromRefused(t *testing.T) {
	world.Clean(t)
	own, err := netns.OpenPID(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	var isOwn *netns.OwnError
	if err := netns.Create(t.Context(), []string{"own"}, netns.Options{From: own}); !errors.As(err, &isOwn) || isOwn.Path != own.Path() {
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
	if _, err := netns.OpenFd(int(file.Fd())); !errors.As(err, &none) || none.State != netns.Device {
		t.Errorf("the descriptor of a device: %v", err)
	}
	if _, err := netns.OpenFd(-1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no descriptor: %v", err)
	}
}

// Replace deletes the old namespaces only when the new ones are complete.
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
	if now, err := netns.Open("a"); err != nil || now.ID() != old.ID() {
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
	now, err := netns.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	if now.ID() == old.ID() {
		t.Error("it was not replaced")
	}
	// If one of the names is not a namespace, nothing is replaced.
	if err := os.WriteFile("/run/netns/file", []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	var state *netns.StateError
	if err := netns.Create(t.Context(), []string{"a", "file"}, replace); !errors.As(err, &state) || state.State != netns.File {
		t.Errorf("a file: %v", err)
	}
	os.Remove("/run/netns/file")
	// Force also replaces what Delete deletes with Force: an empty file, on which another tool may be about to mount a namespace.
	if err := os.WriteFile("/run/netns/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var busy *netns.BusyError
	if err := netns.Create(t.Context(), []string{"file"}, replace); !errors.As(err, &busy) {
		t.Errorf("another tool's name: %v", err)
	}
	if err := netns.Create(t.Context(), []string{"file"}, netns.Options{Replace: true, Force: true}); err != nil {
		t.Errorf("another tool's name, with Force: %v", err)
	}
	erase(t, "", "file")
	// Nothing is replaced either if the context ends, or another namespace gets the name, while the new ones are built.
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
		t.Errorf("a namespace that got the name meanwhile: %v", err)
	}
	if again, err := netns.Open("a"); err != nil || again.ID() != now.ID() {
		t.Errorf("what was not replaced is another one: %v", err)
	} else {
		again.Close()
	}
	for _, name := range append(many, "a", "b") {
		erase(t, "", name)
	}
	names(t, "")
}

// A Factory makes one namespace and returns it, in its own directory, until it is closed.
func TestFactory(t *testing.T) {
	world.Clean(t)
	const path = "/run/factory"
	dir := open(t, path)
	factory, err := dir.NewFactory(t.Context(), netns.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} { // by the same child
		ns, err := factory.New(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		same, err := dir.Open(name)
		if err != nil || same.ID() != ns.ID() || ns.Path() != path+"/"+name {
			t.Errorf("%s is not %s: %v", ns.Path(), name, err)
		}
		if err := errors.Join(ns.Verify(), same.Close(), ns.Delete(t.Context()), ns.Close()); err != nil {
			t.Error(err)
		}
	}
	var bad *netns.NameError
	if ns, err := factory.New(t.Context(), "a/b"); !errors.As(err, &bad) || ns != nil {
		t.Errorf("a bad name: %v", err)
	}
	factory.Close()
	for what, err := range map[string]error{
		"Create": factory.Create(t.Context(), "late"), "New": func() error { _, err := factory.New(t.Context(), "late"); return err }(),
	} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s after Close: %v", what, err)
		}
	}
	if err := dir.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// If Progress panics, Create rolls back.
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

// The error of a stage crosses from the child.
func TestStageMeetsAnError(t *testing.T) {
	world.Clean(t)
	for verb, want := range map[string]error{"not-there": fs.ErrNotExist, "taken": fs.ErrExist} {
		o := netns.Options{Steps: []netns.Step{teststage.Step(verb)}}
		if _, err := netns.New(t.Context(), "x", o); !errors.Is(err, want) {
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
	_, _, nsid := ns.NSID()
	_, assign := ns.AssignNSID()
	_, namesOf := open(t, "").NamesOf(ns)
	for what, err := range map[string]error{
		"Do": ns.Do(t.Context(), func() error { return nil }), "Start": ns.Start(exec.Command("true")), "Verify": ns.Verify(),
		"NSID": nsid, "SetNSID": ns.SetNSID(5), "AssignNSID": assign, "NamesOf": namesOf,
		"Delete": ns.Delete(t.Context()), "From": netns.Create(t.Context(), []string{"y"}, netns.Options{From: ns}),
		"zero": netns.Create(t.Context(), []string{"y"}, netns.Options{From: &netns.Namespace{}}),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	names(t, "")
}

// A namespace deletes its own name, and no name of another one.
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
	link, err := netns.Open("link")
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
