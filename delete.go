package netns

import (
	"context"
	"errors"

	"github.com/netns-go/netns/internal/thread"
	"github.com/netns-go/netns/persist"
)

// DeleteOptions configure [Dir.Delete]. The zero value deletes what can be deleted without harm, and takes a missing
// name for success.
type DeleteOptions struct {
	// Force also deletes a name whose namespace may be mounted in another mount namespace, a name that another tool made less
	// than ten seconds ago, and a name whose claim is damaged or of another version of this module.
	Force bool
	// MustExist makes a missing name an error, a *[NotExistError].
	MustExist bool
}

// Delete removes a name from [DefaultDir], see [Dir.Delete].
func Delete(ctx context.Context, name string, o DeleteOptions) error {
	d := inDefault()
	defer d.Close()
	return d.Delete(ctx, name, o)
}

// DeleteAt removes the name with this path, see [Dir.Delete]. The path's directory is the run directory.
func DeleteAt(ctx context.Context, path string, o DeleteOptions) error {
	d, name, err := split(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Delete(ctx, name, o)
}

// Delete removes a name. The namespace ends unless something else holds it, see package holders. A missing name is a success,
// so Delete can be repeated after an error. The context bounds only the wait for another transaction.
//
// It returns a *[StateError] if the state of the name does not allow the deletion, or a *[PrivilegeError]. It returns a
// *[BusyError] if a living transaction holds the name for five seconds, or another tool made the name less than ten seconds ago.
func (d *Dir) Delete(ctx context.Context, name string, o DeleteOptions) error {
	s, err := d.acquireFor(name)
	if err != nil {
		return o.filter(err)
	}
	defer s.release()
	return o.filter(s.Delete(ctx, name, o.Force))
}

// DeleteNames deletes one name after another until one fails. It takes less time than as many calls of Delete, above all for
// names that one Create made. Meanwhile other processes wait for these names, for a second at most.
//
// It returns the network namespaces that the deleted names showed, or nil for a name that showed none. If a name cannot be
// deleted, the error is about names[len(deleted)]; if the context ends, it is the context's cause. The namespaces are open, so
// that package holders can find what keeps them, and the caller closes them. Close them after the last deletion: while the
// kernel takes a namespace down, it is slow to unmount another.
func (d *Dir) DeleteNames(ctx context.Context, names []string, o DeleteOptions) (deleted []*Namespace, err error) {
	for len(deleted) < len(names) {
		some, err := d.deleteNames(ctx, names[len(deleted):], o.Force)
		deleted = append(deleted, some...)
		if err == nil {
			continue
		}
		if err = o.filter(err); err != nil {
			return deleted, err
		}
		deleted = append(deleted, nil)
	}
	return deleted, nil
}

// deleteNames is DeleteNames that stops at a missing name, too.
func (d *Dir) deleteNames(ctx context.Context, names []string, force bool) (deleted []*Namespace, err error) {
	s, err := d.acquireFor(names[0])
	if err != nil {
		return nil, err
	}
	defer s.release()
	shown, err := s.DeleteNames(ctx, names, force)
	for i, f := range shown {
		var ns *Namespace
		if f != nil {
			ns, _ = opened(s.Path(names[i]), f, nil)
		}
		deleted = append(deleted, ns)
	}
	return deleted, err
}

// filter returns an error of a deletion, unless these options take it for success.
func (o DeleteOptions) filter(err error) error {
	if _, missing := errors.AsType[*NotExistError](err); missing && !o.MustExist {
		return nil
	}
	return err
}

// DeleteShown removes a name if it shows an open namespace. If the name is missing, or shows another namespace now, DeleteShown
// returns a *[NotExistError] and leaves the name alone. Other errors are those of [Dir.Delete].
func (d *Dir) DeleteShown(ctx context.Context, name string, ns *Namespace) error {
	if err := thread.CheckOpen(ns.thread()); err != nil {
		return err
	}
	s, err := d.acquireFor(name)
	if err != nil {
		return err
	}
	defer s.release()
	return s.DeleteShown(ctx, name, ns.file, false)
}

// Release unmounts and removes the directory if it has no names: it undoes what the first Create in it did. A missing directory is
// a success. It returns a *[BusyError] if the directory has names, if anything is mounted in it, or if a process has it open; the
// caller's other Dirs and Factories count as well. Other errors are a *[TrustError] or a *[PrivilegeError].
func (d *Dir) Release(ctx context.Context) error {
	d.mu.Lock()
	_ = d.forget() // an open directory could not be unmounted
	d.mu.Unlock()
	return persist.Release(ctx, d.path)
}

// Delete removes the name under which the namespace was opened, if the name still shows this namespace. A missing name is a
// success, so Delete can be repeated after an error. n must be open, because the inode number of a closed namespace may already
// belong to another one. The namespace ends when n is closed, unless something else holds it. To delete by the name alone, use
// [Dir.Delete].
//
// It returns what Dir.Delete returns, or an error that matches os.ErrClosed.
func (n *Namespace) Delete(ctx context.Context) error {
	d, name, err := split(n.path)
	if err != nil {
		return err
	}
	defer d.Close()
	return DeleteOptions{}.filter(d.DeleteShown(ctx, name, n))
}
