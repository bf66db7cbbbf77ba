package uplink

import (
	"errors"
	"fmt"

	"github.com/netns-go/netns/stages"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Undo removes the end outside, and so the pair. It may be called for a Do that failed, that was never reached, or whose
// link is just going with its namespace; and where Do failed because of a link of that name, that is still there. So it
// removes only what carries the transaction's own mark, and "not there" is success.
func (u uplink) Undo(t *stages.Target) error {
	link, err := netlink.LinkByName(u.Outside)
	var notFound netlink.LinkNotFoundError
	if errors.As(err, &notFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find %s: %w", u.Outside, err)
	}
	if link.Attrs().Alias != u.mark(t) {
		return nil
	}
	// By index, which is not given again, so that it is this very link or none.
	if err := netlink.LinkDel(link); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove %s: %w", u.Outside, err)
	}
	return nil
}

// mark is what the end outside has for an alias; ip link shows it.
func (u uplink) mark(t *stages.Target) string { return "uplink of " + t.Name + " " + u.Token }
