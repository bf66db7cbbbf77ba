//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Prepare opens the run directory (the default one if dir is empty) for making namespaces: it is there, and it is a
// mount of its own, whose mounts reach other mount namespaces (MS_SHARED) but in a peer group apart, for in a shared
// /run every namespace would else be mounted twice. What it sets up stays, whatever becomes of the namespaces.
//
// It returns a *[PrivilegeError], an *[UnsupportedError] before Linux 5.2, or a *[BusyError] if somebody holds the
// directory's flock(2) for five seconds while it is to be set up.
func Prepare(ctx context.Context, dir string) (*Store, error) {
	// EBADF or ENOENT where the call exists; better known now than when something has to be undone.
	if _, err := unix.OpenTree(-1, "", 0); err == unix.ENOSYS {
		return nil, &UnsupportedError{"this needs Linux 5.2", os.NewSyscallError("open_tree", err)}
	}
	s, err := Open(dir)
	made := false
	if errors.Is(err, fs.ErrNotExist) {
		if made, err = makeDir(dir); err != nil {
			return nil, err
		}
		s, err = Open(dir)
	}
	if err != nil {
		return nil, refused(err)
	}
	// By far the most frequent case, and no lock that somebody else could hold: it is a mount, and shared.
	if s.setShared() == nil {
		return s, nil
	}
	path := s.Dir()
	s.Close() // it is below the mount that there is now, or will be
	if err := becomeMount(ctx, path); err != nil {
		if made {
			_ = os.Remove(path) // which does not do it if somebody else uses it by now
		}
		return nil, err
	}
	return Open(path)
}

// makeDir makes the run directory, unless somebody else did since we looked.
func makeDir(dir string) (made bool, err error) {
	if dir == "" {
		dir = DefaultDir
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return false, nil
		}
		return false, refused(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // whatever the umask, list works for everybody
		_ = os.Remove(dir)
		return false, refused(err)
	}
	return true, nil
}

// openToAll gives the default run directory, when it is first used and empty, the mode without which ip netns list does
// not work for everybody: who made it may have died between that and setting the mode.
func openToAll(dir *os.File) error {
	info, err := dir.Stat()
	if err != nil || dir.Name() != DefaultDir || info.Mode().Perm()&0o055 == 0o055 {
		return err
	}
	if names, err := dir.Readdirnames(1); err != io.EOF || len(names) > 0 {
		return nil
	}
	return refused(dir.Chmod(0o755))
}

// setShared returns EINVAL for a directory that is not the root of a mount, see mount(2). It asks for the open directory:
// that its path leads to a mount by now would not help.
func (s *Store) setShared() error {
	return again(func() error { return unix.Mount("", procPath(s.dir), "", unix.MS_SHARED, "") })
}

// becomeMount mounts a run directory onto itself, under the lock that iproute2 takes for it. The mount is made ready
// before it is attached, so that no other process ever sees it half set up, nor a crash leaves it so.
func becomeMount(ctx context.Context, dir string) error {
	lock, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	flock := func() error { return unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
	switch err := wait(ctx, patience, func() error { return again(flock) }); {
	case err == errPatience:
		return &BusyError{dir, fmt.Sprintf("another process has held its lock (flock) for %v; fuser or lsof shows which", patience)}
	case err != nil:
		return pathError("flock", dir, err)
	}
	s, err := Open(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	switch err := s.setShared(); err {
	case nil:
		return nil // another first user was faster
	case unix.EINVAL:
	default:
		return refused(pathError("mount", dir, err))
	}
	if err := openToAll(lock); err != nil {
		return err
	}

	tree, err := openTree(s.dir, unix.AT_RECURSIVE)
	if err != nil {
		return refused(err)
	}
	defer tree.Close()
	detached := propagate(tree)
	if detached != nil && detached != unix.ENOSYS {
		return pathError("mount_setattr", s.Dir(), detached)
	}
	err = again(func() error {
		return unix.MoveMount(int(tree.Fd()), "", int(s.dir.Fd()), "",
			unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
	})
	if err != nil {
		return refused(pathError("move_mount", s.Dir(), err))
	}
	if detached == unix.ENOSYS { // before Linux 5.12 only an attached mount can be changed
		for _, flags := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
			if err := again(func() error { return unix.Mount("", s.Dir(), "", flags|unix.MS_REC, "") }); err != nil {
				return pathError("mount", s.Dir(), err)
			}
		}
	}
	return s.uncover()
}

// propagate takes a detached mount out of the peer group that it was cloned into and gives it one of its own.
func propagate(tree *os.File) error {
	for _, propagation := range []uint64{unix.MS_PRIVATE, unix.MS_SHARED} {
		err := again(func() error {
			return unix.MountSetattr(int(tree.Fd()), "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE,
				&unix.MountAttr{Propagation: propagation})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// uncover unmounts the namespaces that were in the directory before it became a mount: each has a copy in the new
// mount, and the hidden one would keep its name from being removed for good, by us and by the tool that made it.
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
		if err := s.uncoverName(above, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// uncoverName unmounts what a name shows here, if it is a namespace that it shows above as well.
func (s *Store) uncoverName(above *Store, name string) error {
	hidden, err := s.openTop(name)
	if err != nil {
		return err
	}
	defer hidden.Close()
	if ns, err := isNamespace(hidden); err != nil || !ns {
		return err
	}
	seen, err := above.openTop(name)
	if err != nil {
		return err
	}
	defer seen.Close()
	if same, err := sameFile(hidden, seen); err != nil || !same {
		return err
	}
	return pathError("umount", s.Path(name), detach(hidden))
}
