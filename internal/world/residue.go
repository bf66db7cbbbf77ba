package world

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Clean fails the test if the test leaves or removes a file in the run directory, a mount, a process or, in this process, a
// descriptor. Call it first: it compares after the test's own clean-up.
func Clean(t testing.TB) {
	t.Helper()
	Need(t)
	// The run directory becomes a mount at its first use and stays one.
	before := look(t)
	t.Cleanup(func() {
		t.Helper()
		var after snapshot
		// Processes that were told to end may take a moment, and the kernel may take one to release what they held.
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if after = look(t); after.same(before) {
				return
			}
		}
		for kind := range after {
			if !slices.Equal(before[kind], after[kind]) {
				t.Errorf("%s before: %q\nafter: %q", kind, before[kind], after[kind])
			}
		}
	})
}

// A snapshot lists, by kind, everything that a test may not change.
type snapshot map[string][]string

func (s snapshot) same(other snapshot) bool {
	for kind := range s {
		if !slices.Equal(s[kind], other[kind]) {
			return false
		}
	}
	return true
}

func look(t testing.TB) snapshot {
	t.Helper()
	return snapshot{
		"files":       Files(t, "/run/netns"),
		"mounts":      Mounts(t, "/run/netns/"),
		"processes":   Processes(t),
		"descriptors": descriptors(t),
	}
}

// descriptors returns this process's open descriptors, without those of the Go runtime and of this look.
func descriptors(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || strings.HasPrefix(target, "/proc/") || strings.HasPrefix(target, "anon_inode:[event") {
			continue
		}
		open = append(open, fmt.Sprintf("%s %s", e.Name(), target))
	}
	slices.Sort(open)
	return open
}
