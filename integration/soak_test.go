package integration

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// full says whether to test at full size, as make soak does.
func full() bool { return os.Getenv("NETNS_TEST_SOAK") != "" }

// A footprint is what this process, and the kernel for it, holds.
type footprint struct {
	descriptors, threads, mounts, namespaces, processes int
	residentKB                                          int
}

func takeFootprint(t *testing.T) footprint {
	t.Helper()
	debug.FreeOSMemory()
	count := func(command string) (n int) {
		t.Helper()
		fmt.Sscan(sh(t, command).want(t, 0).stdout, &n)
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

// After many cycles nothing has grown since the first hundred.
func TestSoak(t *testing.T) {
	for _, test := range []struct {
		what        string
		small, full int
		cycle       func(t *testing.T)
	}{
		{"library", 300, 10_000, func(t *testing.T) {
			if err := library.Create(t.Context(), []string{"soak"}, library.Options{}); err != nil {
				t.Fatal(err)
			}
			if err := library.Delete(t.Context(), "soak", library.DeleteOptions{MustExist: true}); err != nil {
				t.Fatal(err)
			}
		}},
		{"command", 150, 1_000, func(t *testing.T) { creatable(t, "soak") }},
	} {
		t.Run(test.what, func(t *testing.T) {
			world.Clean(t)
			cycles := test.small
			if full() {
				cycles = test.full
			}
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
				after.threads > before.threads+5 || after.residentKB > before.residentKB+8192 // the runtime's own
			if grown {
				t.Errorf("after 100 cycles %+v; after %d %+v", before, cycles, after)
			}
		})
	}
}

// Everything at once, on one name and on others: each ends as the contract says, and nothing stays.
func TestEverythingAtOnce(t *testing.T) {
	world.Clean(t)
	rounds := 15
	if full() {
		rounds = 300
	}
	sh(t, fresh).want(t, 0)
	var workers sync.WaitGroup
	work := func(n int, command string, may ...int) {
		for i := range n {
			workers.Go(func() {
				for range rounds {
					r := run(t, append([]string{"netns"}, strings.Fields(strings.ReplaceAll(command, "N", fmt.Sprint(i)))...)...)
					ok := r.code == 0
					for _, code := range may {
						ok = ok || r.code == code
					}
					if !ok || strings.Contains(r.stderr, "invalid argument") {
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
	netns(t, "delete", "--if-exists", "one", "two", "three", "own0", "own1", "own2", "own3")
	if r := netns(t, "recover", "-o", "json"); r.stdout != "[]\n" {
		t.Error(r)
	}
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 1 {
		t.Errorf("mounts: %q", mounts)
	}
}

// Many different names by as many commands, all of them first users of the run directory.
func TestManyCommandsManyNames(t *testing.T) {
	world.Clean(t)
	sh(t, fresh).want(t, 0)
	var commands sync.WaitGroup
	for i := range 64 {
		commands.Go(func() {
			if r := run(t, "netns", "create", "-q", fmt.Sprintf("n%02d", i)); r.code != 0 {
				t.Error(r)
			}
		})
	}
	commands.Wait()
	if mounts := world.Mounts(t, "/run/netns"); len(mounts) != 65 {
		t.Errorf("%d mounts", len(mounts))
	}
	netns(t, "delete", "--all")
}
