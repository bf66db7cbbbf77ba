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

// Files returns the names in a directory; none if the directory is missing.
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

// mountPoints returns all mount points in the order of mountinfo, once for each mount.
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

// Processes returns the world's living processes, each as "PID (COMMAND".
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

// PIDs returns the numbers of the processes whose arguments, joined by spaces, match.
func PIDs(match func(arguments string) bool) (pids []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		cmdline, err := os.ReadFile(path)
		arguments := strings.TrimSuffix(strings.ReplaceAll(string(cmdline), "\x00", " "), " ")
		if err == nil && match(arguments) {
			var pid int
			fmt.Sscanf(path, "/proc/%d/", &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}

// Children returns the processes that make namespaces for a caller of package stages.
func Children() []int {
	return PIDs(func(arguments string) bool { return strings.HasPrefix(arguments, "netns-stage") })
}

// Until waits until ready returns true, for a minute at most: the kernel takes down one namespace after the other, for the
// whole machine.
func Until(t testing.TB, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ready(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}
