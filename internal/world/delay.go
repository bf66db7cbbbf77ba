package world

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Delayed runs a command that waits at a system call, for the time in inject, and calls do meanwhile, so that either side of a
// race can win. Strace counts the calls of each thread. With an option before the verb, the parent of a create makes its calls on
// one thread.
func Delayed(t testing.TB, do func(), inject string, args ...string) Result {
	t.Helper()
	call, _, _ := strings.Cut(inject, ":")
	log := filepath.Join(t.TempDir(), "strace")
	cmd := Command(append([]string{"strace", "-f", "-o", log, "-e", "trace=" + call, "-e", "inject=" + inject}, args...)...)
	done := make(chan Result)
	go func() { done <- Finish(t, cmd) }()
	awaitDelay(t, log, call)
	do()
	return <-done
}

// awaitDelay waits until strace delays a call: the log then ends with a call that has begun, or with a call that strace marks,
// and does not change. A call without a delay looks like this only for a moment.
func awaitDelay(t testing.TB, log, call string) {
	t.Helper()
	var last string
	since := time.Now()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		content, _ := os.ReadFile(log)
		if now := string(content); now != last {
			last, since = now, time.Now()
		}
		begun := strings.Count(last, call+"(") > strings.Count(last, " = ")
		if (begun || strings.Contains(last, "(DELAYED)")) && time.Since(since) > 300*time.Millisecond {
			return
		}
	}
	t.Fatalf("%s was not delayed: %q", call, last)
}
