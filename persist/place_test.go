//go:build linux

package persist

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// An unreadable boot id is unknown. It is neither an error nor another boot.
func TestUnknownBoot(t *testing.T) {
	const id = "/proc/sys/kernel/random/boot_id"
	s := prepared(t)
	empty := world.Scratch + "/empty"
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(empty)
	for cover, over := range map[string]string{empty: id, world.Scratch: "/proc/sys/kernel/random"} {
		done(t, s, "before")
		if err := unix.Mount(cover, over, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		done(t, s, "since")
		for _, name := range []string{"before", "since"} {
			if err := unix.Unmount(s.Path(name), unix.MNT_DETACH); err != nil {
				t.Fatal(err)
			}
			inState(t, s, name, Unmounted)
		}
		if bootID() != unknownBoot {
			t.Errorf("with %s over %s the boot id is %q", cover, over, bootID())
		}
		if err := unix.Unmount(over, 0); err != nil {
			t.Fatal(err)
		}
		inState(t, s, "since", Unmounted)
		remove(t, s, "before", "since")
	}
}
