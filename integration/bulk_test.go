package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/prestart"
	"github.com/netns-go/netns/internal/world"
)

// children returns the processes that make namespaces.
func children() (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if args, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline"); strings.HasPrefix(string(args), "netns-stage\x00") {
			pids = append(pids, pid)
		}
	}
	return pids
}

func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("n%03d", i))
	}
	return names
}

// Many names are made by several children, and are still all there or none, whichever of them is killed, and when.
func TestOneOfSeveralChildrenKilled(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	names := manyNames(200)
	several, made := false, 0
	for range 30 {
		cmd := command(append([]string{"netns", "create", "-q"}, names...)...)
		cmd.Env = append(os.Environ(), "GOMAXPROCS=4")
		done := make(chan result)
		go func() { done <- finish(t, cmd) }()
		var pids []int
		for deadline := time.Now().Add(5 * time.Second); len(pids) < 2 && time.Now().Before(deadline); {
			pids = children()
		}
		several = several || len(pids) > 1
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		if pids := children(); len(pids) > 0 {
			syscall.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL)
		}
		r := <-done
		files, mounts := world.Files(t, "/run/netns"), world.Mounts(t, "/run/netns/")
		switch {
		case r.code == 0 && len(files) == len(names) && len(mounts) == len(names):
			made++
			netns(t, "verify", names[0], names[len(names)-1])
			netns(t, append([]string{"delete", "-q"}, names...)...)
		case r.code != 1 || len(files) != 0 || len(mounts) != 0 || !strings.Contains(r.stderr, "killed"):
			t.Fatalf("%d files and %d mounts after %v", len(files), len(mounts), r)
		}
	}
	if !several || made == 30 {
		t.Errorf("several children: %v, all made: %d of 30", several, made)
	}
}

// A name of one child's share that is taken, or taken meanwhile, is the end of all.
func TestTakenNameInALaterShare(t *testing.T) {
	world.Clean(t)
	names := manyNames(200)
	netns(t, "create", "-q", "n150")
	run(t, append([]string{"netns", "create"}, names...)...).want(t, 4, "n150: exists: ready")
	if files := world.Files(t, "/run/netns"); len(files) != 1 {
		t.Errorf("left: %q", files)
	}
	netns(t, "delete", "n150")
	// Two of the same at once: one wins, unless each gets a name that the other needs.
	for range 10 {
		done := make(chan result, 2)
		for range 2 {
			go func() { done <- run(t, append([]string{"netns", "create", "-q"}, names...)...) }()
		}
		a, b := <-done, <-done
		if a.code+b.code != 4 && (a.code != 4 || b.code != 4) {
			t.Errorf("%v\n%v", a, b)
		}
		want := 0
		if a.code == 0 || b.code == 0 {
			want = len(names)
		}
		if files := world.Files(t, "/run/netns"); len(files) != want {
			t.Fatalf("%d names, want %d", len(files), want)
		}
		netns(t, append([]string{"delete", "-q", "--if-exists"}, names...)...)
	}
}

// Ended by a signal, several children leave nothing.
func TestBulkEndedBySignal(t *testing.T) {
	world.Clean(t)
	for range 5 {
		r := sh(t, "timeout -s TERM 0.1 netns create -q $(seq -f n%g 3000); exit $?")
		if files := world.Files(t, "/run/netns"); r.code != 124 || len(files) != 0 {
			t.Fatalf("%d files after %v", len(files), r)
		}
	}
}

// A child that was started early, and is too early, is replaced; one that nobody needs is gone when the command is.
func TestEarlyChild(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	end := prestart.Child()
	if n := len(children()); n != 1 {
		t.Errorf("%d children", n)
	}
	syscall.Kill(children()[0], syscall.SIGKILL)
	time.Sleep(100 * time.Millisecond) // until its socket is closed as well
	if err := library.Create(t.Context(), []string{"a"}, library.Options{}); err != nil {
		t.Error(err)
	}
	for _, o := range []library.Options{{}, {Addresses: []string{"10.1.2.3/32"}}} {
		prestart.Child()
		if err := library.Create(t.Context(), []string{"b"}, o); err != nil {
			t.Error(err)
		}
		netns(t, "delete", "b")
	}
	end()
	if left := children(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	run(t, "netns", "create", "a").want(t, 4)
	run(t, "netns", "create", "--nope", "b").want(t, 2)
	if left := children(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	netns(t, "delete", "a")
}

// Delete goes on after each name that fails, says them in their order, and ends with the code of the first.
func TestDeleteGoesOn(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "a", "b", "c", "d")
	netns(t, "create", "-q", "other")
	if err := os.WriteFile("/run/netns/foreign", []byte("text"), 0); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(start(t, exec.Command("ip", "netns", "exec", "c", "sleep", "60"), "sleep"))
	r := run(t, "netns", "delete", "a", "nope", "b", "foreign", "b", "other", "c", "d")
	r.want(t, 3)
	want := []string{"delete nope: ", "delete foreign: ", "delete b: ", "warning: c: the name is gone, but the namespace lives on: process " + pid}
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	for i := range want {
		if len(lines) != len(want) || !strings.Contains(lines[i], want[i]) {
			t.Fatalf("%q, want %q", lines, want)
		}
	}
	if files := world.Files(t, "/run/netns"); len(files) != 1 {
		t.Errorf("left: %q", files)
	}
	if err := os.Remove("/run/netns/foreign"); err != nil {
		t.Error(err)
	}
}
