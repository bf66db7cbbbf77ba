package load

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// A footprint counts what this process, and the kernel for this process, holds.
type footprint struct {
	descriptors, threads, mounts, namespaces, processes int
	residentKB                                          int
}

func takeFootprint(t *testing.T) footprint {
	t.Helper()
	debug.FreeOSMemory()
	count := func(command string) (n int) {
		t.Helper()
		fmt.Sscan(world.Sh(t, command).Want(t, 0).Stdout, &n)
		return n
	}
	f := footprint{
		descriptors: len(world.Files(t, "/proc/self/fd")),
		threads:     len(world.Files(t, "/proc/self/task")),
		mounts:      len(world.Mounts(t, "/")),
		namespaces:  count("lsns -n -t net -o NS | wc -l"),
		processes:   len(world.Processes(t)),
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rss, _ := strings.Cut(string(status), "VmRSS:")
	fmt.Sscan(rss, &f.residentKB)
	return f
}

// After many cycles, nothing has grown since the first hundred.
func TestSoak(t *testing.T) {
	for _, test := range []struct {
		what        string
		small, full int
		cycle       func(t *testing.T)
	}{
		{"library", 300, 10_000, func(t *testing.T) {
			if err := netns.Create(t.Context(), []string{"soak"}, netns.Options{}); err != nil {
				t.Fatal(err)
			}
			if err := netns.Delete(t.Context(), "soak", netns.DeleteOptions{MustExist: true}); err != nil {
				t.Fatal(err)
			}
		}},
		{"command", 150, 1_000, func(t *testing.T) { world.Creatable(t, "soak") }},
	} {
		t.Run(test.what, func(t *testing.T) {
			world.Clean(t)
			cycles := world.Rounds(test.small, test.full)
			var before footprint
			for i := range cycles {
				if i == 100 {
					before = takeFootprint(t)
				}
				test.cycle(t)
			}
			after := takeFootprint(t)
			t.Logf("after 100 cycles %+v; after %d %+v", before, cycles, after)
			grown := after.descriptors > before.descriptors || after.mounts > before.mounts ||
				after.namespaces > before.namespaces || after.processes > before.processes ||
				after.threads > before.threads+5 || after.residentKB > before.residentKB+8192 // the runtime keeps some
			if grown {
				t.Errorf("after 100 cycles %+v; after %d %+v", before, cycles, after)
			}
		})
	}
}

// Every verb at once, on one name and on others: each command ends with a code that the manual allows, and nothing stays.
func TestEverythingAtOnce(t *testing.T) {
	world.Clean(t)
	rounds := world.Rounds(15, 300)
	world.Sh(t, world.RemoveRunDir).Want(t, 0)
	var workers sync.WaitGroup
	work := func(n int, command string, may ...int) {
		for i := range n {
			workers.Go(func() {
				for range rounds {
					r := world.Run(t, append([]string{"netns"}, strings.Fields(strings.ReplaceAll(command, "N", fmt.Sprint(i)))...)...)
					ok := r.Code == 0
					for _, code := range may {
						ok = ok || r.Code == code
					}
					if !ok || strings.Contains(r.Stderr, "invalid argument") {
						t.Error(r)
					}
				}
			})
		}
	}
	work(4, "create -q one", 4)
	work(2, "create -q one two three", 4)
	work(4, "delete one", 3)
	work(1, "delete one two three", 3)
	work(2, "recover", 5)
	work(2, "exec one true", 125)
	work(2, "list -o json")
	work(4, "create -q --if-not-exists ownN")
	workers.Wait()
	world.Netns(t, "delete", "--if-exists", "one", "two", "three", "own0", "own1", "own2", "own3")
	if r := world.Netns(t, "recover", "-o", "json"); r.Stdout != "[]\n" {
		t.Error(r)
	}
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 1 {
		t.Errorf("mounts: %q", mounts)
	}
}

// Many commands make a name each, and all are the first to use the run directory.
func TestManyCommandsManyNames(t *testing.T) {
	world.Clean(t)
	world.Sh(t, world.RemoveRunDir).Want(t, 0)
	var commands sync.WaitGroup
	for i := range 64 {
		commands.Go(func() {
			if r := world.Run(t, "netns", "create", "-q", fmt.Sprintf("n%02d", i)); r.Code != 0 {
				t.Error(r)
			}
		})
	}
	commands.Wait()
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 65 {
		t.Errorf("%d mounts", len(mounts))
	}
	world.Netns(t, "delete", "--all")
}
