//go:build linux

package persist

import (
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// HiddenFromInit says whether a name that shows a namespace here shows none to the machine's first process, because
// the caller is in another mount namespace and the run directory does not propagate out of it. Whoever lives outside
// will then take the name for left behind. It says false where it may not look.
func (s *Store) HiddenFromInit(name string) bool {
	const first = "/proc/1"
	theirs, err := os.Readlink(first + "/ns/mnt")
	if err != nil {
		return false
	}
	if ours, err := os.Readlink("/proc/thread-self/ns/mnt"); err != nil || ours == theirs {
		return false
	}
	root, err := os.OpenFile(first+"/root", unix.O_PATH, 0)
	if err != nil {
		return false
	}
	defer root.Close()
	seen, err := sys.OpenAt(root, "."+s.Path(name), unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return true
	}
	defer seen.Close()
	ns, err := sys.IsNamespace(seen)
	return err == nil && !ns
}
