//go:build linux

package persist

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// While other tools make and delete a name, opening it returns a namespace or one of the documented errors.
func TestNamespaceInARace(t *testing.T) {
	s := prepared(t)
	path, ns := s.Path("x"), sys.FdPath(newNamespace(t))
	var stop atomic.Bool
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for !stop.Load() {
				if f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE|os.O_EXCL, 0); err == nil {
					f.Close()
					unix.Mount(ns, path, "", unix.MS_BIND, "")
				}
				unix.Unmount(path, unix.MNT_DETACH)
				os.Remove(path)
			}
		})
	}
	opened, refused := 0, 0
	for begun := time.Now(); time.Since(begun) < 2*time.Second; {
		f, err := s.Namespace(t.Context(), "x")
		var state *StateError
		switch {
		case err == nil:
			f.Close()
			opened++
		case isMissing(err), errors.As(err, &state):
			refused++
		default:
			t.Errorf("%T: %v", err, err)
			begun = time.Time{} // one is enough
		}
	}
	stop.Store(true)
	all.Wait()
	for unix.Unmount(path, unix.MNT_DETACH) == nil {
	}
	os.Remove(path)
	if opened == 0 || refused == 0 {
		t.Errorf("opened %d times, refused %d times: there was no race", opened, refused)
	}
}
