package world

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// RemoveRunDir is a shell script that removes the run directory.
const RemoveRunDir = "! mountpoint -q /run/netns || umount /run/netns; rm -rf /run/netns"

// Names returns n names, in their order.
func Names(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("n%03d", i))
	}
	return names
}

// Creatable creates namespaces and deletes them again, and fails the test if one of the two fails.
func Creatable(t testing.TB, names ...string) {
	t.Helper()
	Netns(t, append([]string{"create"}, names...)...)
	Netns(t, append([]string{"delete"}, names...)...)
}

// EmptyRunDir removes every name from the run directory, and waits until the kernel has no ids of the namespaces any more.
func EmptyRunDir(t testing.TB) {
	t.Helper()
	for _, name := range Files(t, "/run/netns") {
		path := "/run/netns/" + name
		for unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW) == nil {
		}
		if err := os.RemoveAll(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	NoIDs(t)
}

// NoIDs waits until the kernel has no ids of other namespaces: it removes the ids of a deleted one a moment later.
func NoIDs(t testing.TB) {
	t.Helper()
	Until(t, func() bool { return Netns(t, "list-id").Stdout == "" })
}
