//go:build linux

package stages

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(world.Main(m)) }

// refused fails the test unless a stage refuses an argument, also as the second one, for a reason that contains some words.
func refused(t *testing.T, stage, good, bad, reason string) {
	t.Helper()
	for _, args := range [][]string{{bad}, {good, bad}} {
		_, err := build([]Step{step(stage, args)})
		var refused *ArgumentError
		if !errors.As(err, &refused) || refused.Stage != stage || refused.Argument != bad || !strings.Contains(refused.Reason, reason) {
			t.Errorf("%q: %v, want %q", args, err, reason)
		}
	}
}

// aside calls f on a thread that it may leave in any namespace, because the thread ends with f.
func aside(t *testing.T, f func()) {
	t.Helper()
	world.Need(t)
	done := make(chan struct{})
	var run func()
	run = func() {
		runtime.LockOSThread()              // for good
		if unix.Gettid() == unix.Getpid() { // the main thread would not end
			go run()
			<-done
			runtime.UnlockOSThread()
			return
		}
		defer close(done)
		f()
	}
	go run()
	<-done
}
