//go:build linux

package persist

import (
	"context"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// becomeMount mounts a run directory onto itself. It sets the mount up before it attaches it, so no other process ever sees the
// mount half set up, and no crash leaves it so.
func becomeMount(ctx context.Context, dir string) error {
	unlock, err := lockOutIP(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	for range 10 {
		s, err := Open(dir)
		if err != nil {
			return err
		}
		defer s.Close()
		switch err := s.setShared(); err {
		case nil:
			return nil // attach did it, or another process was faster
		case unix.EINVAL:
		default:
			return explainMount("mount", dir, err)
		}
		if err := s.attach(); err != nil {
			return err
		}
	}
	return &BusyError{dir, "other processes mount and unmount it again and again"}
}

// setShared makes mounts in the directory reach other mount namespaces. It returns EINVAL for a directory that is not the root
// of a mount, see mount(2). It takes the open directory, because Prepare needs that to be in the mount, not just its path.
func (s *Store) setShared() error {
	return NeedsProc(sys.Again(func() error { return unix.Mount("", sys.FdPath(s.dir), "", unix.MS_SHARED, "") }))
}

// attach mounts the directory onto itself, unless another process has done so meanwhile.
func (s *Store) attach() error {
	tree, err := openTree(s.dir, unix.AT_RECURSIVE)
	if err != nil {
		return err
	}
	defer tree.Close()
	detached := propagate(tree)
	if detached != nil && detached != unix.ENOSYS {
		return explainMount("mount_setattr", s.Dir(), detached)
	}
	if !s.IsCurrent() {
		return nil
	}
	err = sys.Again(func() error {
		return unix.MoveMount(int(tree.Fd()), "", int(s.dir.Fd()), "",
			unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
	})
	if err != nil {
		return explainMount("move_mount", s.Dir(), err)
	}
	if detached == unix.ENOSYS { // Linux before 5.12 changes only attached mounts
		if err := ownPeerGroup(s.Dir(), unix.MS_REC); err != nil {
			return explainMount("mount", s.Dir(), err)
		}
	}
	tree.Close() // or the mount would be in use
	if err := s.unstack(); err != nil {
		return err
	}
	return s.uncover()
}

// propagate takes a detached mount out of the peer group of its original, and gives it one of its own.
func propagate(tree *os.File) error {
	for _, propagation := range []uint64{unix.MS_PRIVATE, unix.MS_SHARED} {
		err := sys.Again(func() error {
			return unix.MountSetattr(int(tree.Fd()), "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE,
				&unix.MountAttr{Propagation: propagation})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ownPeerGroup is propagate for an attached mount.
func ownPeerGroup(dir string, flags uintptr) error {
	for _, propagation := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err := sys.Again(func() error { return unix.Mount("", dir, "", propagation|flags, "") }); err != nil {
			return err
		}
	}
	return nil
}

// uncover unmounts the namespaces that were in the directory before it became a mount. Each has a copy in the new mount. The
// covered one would keep both this package and the tool that made it from ever removing the name.
func (s *Store) uncover() error {
	names, err := s.Names()
	if err != nil {
		return err
	}
	above, err := Open(s.Dir())
	if err != nil {
		return err
	}
	defer above.Close()
	for _, name := range names {
		if err := s.uncoverName(above, name); err != nil && !isMissing(err) {
			return err
		}
	}
	return nil
}

// uncoverName unmounts a namespace that a name shows here, if the name shows the same one above.
func (s *Store) uncoverName(above *Store, name string) error {
	hidden, err := s.openTop(name)
	if err != nil {
		return err
	}
	defer hidden.Close()
	if ns, err := sys.IsNamespace(hidden); err != nil || !ns {
		return err
	}
	seen, err := above.openTop(name)
	if err != nil {
		return err
	}
	defer seen.Close()
	if same, err := sys.SameFile(hidden, seen); err != nil || !same {
		return err
	}
	return sys.PathError("umount", s.Path(name), detach(hidden))
}

// unstack removes a second mount from the directory. ip netns may have made it at the same moment, because all locks against
// that are advisory. The uppermost mount goes, whichever tool made it, if no process uses it.
func (s *Store) unstack() error {
	below, err := sys.MountID(s.dir)
	for err == nil {
		var stacked bool
		stacked, err = isStackedOn(s.Dir(), below)
		if err != nil || !stacked || unmountDir(s.Dir()) != nil {
			break
		}
	}
	return NeedsProc(err)
}

// isStackedOn reports whether the directory has more than one mount above the mount with the id below.
func isStackedOn(dir string, below int) (bool, error) {
	above, err := Open(dir)
	if err != nil {
		return false, err
	}
	defer above.Close()
	t, err := above.readMounts()
	if err != nil || t.top() == nil {
		return false, err
	}
	return t.top().ID != below && t.top().Parent != below, nil
}

// unmountDir removes the uppermost mount from a directory. If anything uses the mount, the kernel returns EBUSY.
func unmountDir(dir string) error {
	return sys.PathError("umount", dir, sys.Again(func() error { return unix.Unmount(dir, unix.UMOUNT_NOFOLLOW) }))
}
