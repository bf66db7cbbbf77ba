//go:build linux

package netns

import "context"

// DeleteShown is [Namespace.Delete] for a namespace that was opened by this name in this directory, and takes less time for
// many. It returns a *[NotExistError] also if the name is gone, or shows another namespace by now.
func (d *Dir) DeleteShown(ctx context.Context, name string, ns *Namespace) error {
	if err := checkOpen(ns); err != nil {
		return err
	}
	if err := d.has(name); err != nil {
		return err
	}
	return d.store.DeleteShown(ctx, name, ns.file, false)
}
