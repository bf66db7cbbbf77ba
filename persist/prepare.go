//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Prepare opens the run directory (the default one if dir is empty) for making namespaces: it is there, and it is a
// mount of its own, whose mounts reach other mount namespaces (MS_SHARED) but in a peer group apart, for in a shared
// /run every namespace would else be mounted twice. What it sets up stays, whatever becomes of the namespaces.
//
// Only root makes the default directory: root would not trust one that belongs to another user, and so be locked out. Others
// get an error that matches [fs.ErrPermission], and says how root makes it.
//
// It returns a *[PrivilegeError], a *[RefusedError], an *[UnsupportedError] before Linux 5.2, or a *[BusyError] if another
// process of root or the caller is setting the directory up, and does not end for five seconds.
func Prepare(ctx context.Context, dir string) (*Store, error) {
	// EBADF or ENOENT where the call exists; better known now than when something has to be undone.
	if _, err := unix.OpenTree(-1, "", 0); err == unix.ENOSYS {
		return nil, &UnsupportedError{"this needs Linux 5.2", os.NewSyscallError("open_tree", err)}
	}
	s, err := Open(dir)
	if err == nil {
		// By far the most frequent case, and no lock that somebody else could hold: it is a mount, and shared.
		if s.setShared() == nil {
			return s, nil
		}
		s.Close() // it is below the mount that there is now, or will be
	}
	path, pathErr := DirPath(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && pathErr == nil:
		err = mayMake(path)
	case err != nil:
		err = refused(err)
	}
	if err == nil {
		err = setUp(ctx, path)
	}
	if err != nil {
		return nil, err
	}
	return Open(path)
}

// mayMake refuses the default run directory to everybody but root.
func mayMake(dir string) error {
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil || os.Geteuid() == 0 || filepath.Join(parent, filepath.Base(dir)) != DefaultDir {
		return err
	}
	err = sys.PathError("mkdir", dir, unix.EPERM)
	if !HasCapability(unix.CAP_SYS_ADMIN) {
		return refused(err)
	}
	return fmt.Errorf("%w: root makes the default run directory, and would not trust another user's: let root run"+
		" `install -d -m 755 %s` once after each start of the machine (tmpfiles.d does it), or name another directory", err, dir)
}

// setUp makes the run directory, unless it is there, and makes it a mount.
func setUp(ctx context.Context, dir string) error {
	unlock, err := lockDir(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	made, err := makeDir(dir)
	if err != nil {
		return refused(err)
	}
	if err = becomeMount(ctx, dir); err != nil && made {
		_ = os.Remove(dir) // which does not do it if somebody else uses it by now
	}
	return err
}

// makeDir makes the run directory, unless it is there. It gets its name with the mode without which list does not work for
// everybody, whatever the umask: so a killed process leaves no directory with another one. Next time, what that left is used.
func makeDir(dir string) (made bool, err error) {
	if _, err := os.Lstat(dir); err == nil {
		return false, nil
	}
	fresh := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".new")
	if err := os.Mkdir(fresh, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	if err = openToAll(fresh); err == nil {
		err = sys.Again(func() error {
			return unix.Renameat2(unix.AT_FDCWD, fresh, unix.AT_FDCWD, dir, unix.RENAME_NOREPLACE)
		})
	}
	if err == nil {
		return true, nil
	}
	_ = os.Remove(fresh)
	if _, statErr := os.Lstat(dir); statErr == nil { // another process was faster
		return false, nil
	}
	return false, sys.PathError("mkdir", dir, err)
}

// openToAll gives a directory that nobody else could have made the mode of a run directory.
func openToAll(path string) error {
	f, err := sys.Open(path, unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := sys.Fstat(f)
	if err != nil {
		return err
	}
	if reason := distrust(&st, true); reason != "" {
		return &TrustError{path, reason}
	}
	return f.Chmod(0o755)
}

// setShared returns EINVAL for a directory that is not the root of a mount, see mount(2). It asks for the open directory:
// that its path leads to a mount by now would not help.
func (s *Store) setShared() error {
	return NeedsProc(sys.Again(func() error { return unix.Mount("", sys.FdPath(s.dir), "", unix.MS_SHARED, "") }))
}

// becomeMount mounts a run directory onto itself. The mount is made ready before it is attached, so that no other process
// ever sees it half set up, nor a crash leaves it so.
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
			return nil // we did it, or another first user was faster
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

// courtesy is how long the lock is waited for under which iproute2 7 sets the directory up. Anybody who can read the
// directory can hold that lock for ever.
const courtesy = 150 * time.Millisecond

// lockOutIP takes the directory's flock(2), if it can be had soon. Without it, attach finds out what ip netns did meanwhile.
func lockOutIP(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, refused(err)
	}
	flock := func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
	err = wait(ctx, courtesy, func() error { return sys.Again(flock) })
	if err != nil && ctx.Err() != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// attach mounts the directory onto itself, unless another process has done so by now.
func (s *Store) attach() error {
	tree, err := openTree(s.dir, unix.AT_RECURSIVE)
	if err != nil {
		return refused(err)
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
	if detached == unix.ENOSYS { // before Linux 5.12 only an attached mount can be changed
		for _, flags := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
			if err := sys.Again(func() error { return unix.Mount("", s.Dir(), "", flags|unix.MS_REC, "") }); err != nil {
				return explainMount("mount", s.Dir(), err)
			}
		}
	}
	tree.Close() // or the mount would be in use
	if err := s.unstack(); err != nil {
		return err
	}
	return s.uncover()
}

// propagate takes a detached mount out of the peer group that it was cloned into and gives it one of its own.
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
		if err := s.uncoverName(above, name); err != nil && !isMissing(err) {
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

// unstack removes a second mount from the directory, which ip netns may have made at the same moment: all locks that keep it
// out are advisory. The uppermost one goes, whichever that is, as long as no process uses it. One that is in use stays.
func (s *Store) unstack() error {
	below, err := sys.MountID(s.dir)
	for err == nil {
		var stacked bool
		stacked, err = isStackedOn(s.Dir(), below)
		if err != nil || !stacked || sys.Again(func() error { return unix.Unmount(s.Dir(), unix.UMOUNT_NOFOLLOW) }) != nil {
			break
		}
	}
	return NeedsProc(err)
}

// isStackedOn reports whether the directory has more than one mount above the one with the id below.
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
