package load

import (
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
)

// Several children make many names. All names exist or none, whichever child is killed, and whenever.
func TestOneOfSeveralChildrenKilled(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	names := world.Names(200)
	several, made := false, 0
	for range 30 {
		cmd := world.Command(append([]string{"netns", "create", "-q"}, names...)...)
		cmd.Env = append(os.Environ(), "GOMAXPROCS=4")
		done := make(chan world.Result)
		go func() { done <- world.Finish(t, cmd) }()
		var pids []int
		for deadline := time.Now().Add(5 * time.Second); len(pids) < 2 && time.Now().Before(deadline); {
			pids = world.Children()
		}
		several = several || len(pids) > 1
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		if pids := world.Children(); len(pids) > 0 {
			syscall.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL)
		}
		r := <-done
		files, mounts := world.Files(t, "/run/netns"), world.Mounts(t, "/run/netns/")
		switch {
		case r.Code == 0 && len(files) == len(names) && len(mounts) == len(names):
			made++
			world.Netns(t, "verify", names[0], names[len(names)-1])
			world.Netns(t, append([]string{"delete", "-q"}, names...)...)
		case r.Code != 1 || len(files) != 0 || len(mounts) != 0 || !strings.Contains(r.Stderr, "killed"):
			t.Fatalf("%d files and %d mounts after %v", len(files), len(mounts), r)
		}
	}
	if !several || made == 30 {
		t.Errorf("several children: %v, all made: %d of 30", several, made)
	}
}

// If one name is taken, or is taken meanwhile, no child makes any.
func TestTakenNameInALaterShare(t *testing.T) {
	world.Clean(t)
	names := world.Names(200)
	world.Netns(t, "create", "-q", "n150")
	world.Run(t, append([]string{"netns", "create"}, names...)...).Want(t, 4, "n150: exists: ready")
	if files := world.Files(t, "/run/netns"); len(files) != 1 {
		t.Errorf("left: %q", files)
	}
	world.Netns(t, "delete", "n150")
	// Of two equal commands at once one wins, unless each gets a name that the other needs.
	for range 10 {
		done := make(chan world.Result, 2)
		for range 2 {
			go func() { done <- world.Run(t, append([]string{"netns", "create", "-q"}, names...)...) }()
		}
		a, b := <-done, <-done
		if a.Code+b.Code != 4 && (a.Code != 4 || b.Code != 4) {
			t.Errorf("%v\n%v", a, b)
		}
		want := 0
		if a.Code == 0 || b.Code == 0 {
			want = len(names)
		}
		if files := world.Files(t, "/run/netns"); len(files) != want {
			t.Fatalf("%d names, want %d", len(files), want)
		}
		world.Netns(t, append([]string{"delete", "-q", "--if-exists"}, names...)...)
	}
}

// If a signal ends the command, its children leave nothing.
func TestBulkEndedBySignal(t *testing.T) {
	world.Clean(t)
	for range 5 {
		r := world.Sh(t, "timeout -s TERM 0.1 netns create -q $(seq -f n%g 3000); exit $?")
		if files := world.Files(t, "/run/netns"); r.Code != 124 || len(files) != 0 {
			t.Fatalf("%d files after %v", len(files), r)
		}
	}
}
