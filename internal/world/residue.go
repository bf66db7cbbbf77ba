package world

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Clean fails the test if at its end there is another set of files in the run directory, mounts, processes or, in this
// process, descriptors and threads' namespaces than now. Call it first: what the test cleans up itself, it cleans up
// before the look.
func Clean(t testing.TB) {
	t.Helper()
	Need(t)
	// The run directory becomes a mount when it is first used, and stays one.
	before := look(t)
	t.Cleanup(func() {
		t.Helper()
		var after snapshot
		// What was told to end may take a moment, and so may the kernel with what it held.
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

// A snapshot is what there is, by kind.
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

// Files returns the names in a directory; none if it is not there.
func Files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Mounts returns the mount points that begin with prefix, once for each mount.
func Mounts(t testing.TB, prefix string) []string {
	t.Helper()
	points, err := mountPoints()
	if err != nil {
		t.Fatal(err)
	}
	points = slices.DeleteFunc(points, func(point string) bool { return !strings.HasPrefix(point, prefix) })
	slices.Sort(points)
	return points
}

// mountPoints returns all mount points as mountinfo has them, once for each mount.
func mountPoints() ([]string, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var points []string
	for line := range strings.Lines(string(info)) {
		points = append(points, strings.Split(line, " ")[4])
	}
	return points, nil
}

// Processes returns the world's living processes.
func Processes(t testing.TB) []string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var living []string
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// PID (COMMAND) STATE ...
		command, rest, ok := strings.Cut(string(stat), ") ")
		if ok && rest[0] != 'Z' {
			living = append(living, command)
		}
	}
	slices.Sort(living)
	return living
}

// descriptors returns what this process has open, but for the runtime's own and what it reads this from.
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
