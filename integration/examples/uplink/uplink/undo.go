package uplink

import (
	"errors"
	"fmt"

	"github.com/netns-go/netns/stages"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Undo removes the end outside, and so the pair. Do may have failed, may never have run, or its link may be ending with the
// namespace. If Do failed because another link has the name, that link still exists. So Undo removes only a link with the mark of
// its own transaction, and takes a missing link for success.
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
	// LinkDel uses the index, which the kernel does not use again, so it removes this link or none.
	if err := netlink.LinkDel(link); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove %s: %w", u.Outside, err)
	}
	return nil
}

// mark returns the alias of the end outside, which ip link shows.
func (u uplink) mark(t *stages.Target) string { return "uplink of " + t.Name + " " + u.Token }
