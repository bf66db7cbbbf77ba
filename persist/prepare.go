//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Prepare opens the run directory (the default one if dir is empty) for making namespaces. If the directory is missing,
// Prepare makes it. If it is not a mount of its own, Prepare mounts it onto itself. Mounts in it reach other mount namespaces
// (MS_SHARED). But the directory has a peer group of its own, because in that of a shared /run, the kernel would mount every
// namespace twice. The directory and its mount stay when the namespaces end, until [Release].
//
// Only root makes the default directory. Root would not trust another user's directory, and could then make no
// namespaces. Other users get an error that matches [fs.ErrPermission] and says how root makes the directory.
//
// Prepare returns a *[PrivilegeError], a *[RefusedError], or an *[UnsupportedError] before Linux 5.2. If another process of
// root or the caller sets the directory up for more than five seconds, it returns a *[BusyError].
func Prepare(ctx context.Context, dir string) (*Store, error) {
	// EBADF or ENOENT if the call exists. Prepare asks now, when nothing has to be undone yet.
	if _, err := unix.OpenTree(-1, "", 0); err == unix.ENOSYS {
		return nil, &UnsupportedError{"this needs Linux 5.2", os.NewSyscallError("open_tree", err)}
	}
	dir, err := DirPath(dir)
	if err != nil {
		return nil, err
	}
	for range 10 { // in case another process releases it each time
		s, err := Open(dir)
		if err == nil {
			// Usually the directory is a shared mount, and needs no lock that another process could hold. While s is open,
			// Release cannot unmount it.
			if s.setShared() == nil {
				return s, nil
			}
			s.Close() // it is below the mount that setUp makes, or another process has made
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = mayMake(dir)
		case err != nil:
			err = refused(err)
		}
		if err == nil {
			err = setUp(ctx, dir)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, &BusyError{dir, "other processes set it up and remove it again and again"}
}

// mayMake returns an error if the caller is not root and the directory is the default one.
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
		" `install -d -m 755 %s` once after each boot (tmpfiles.d does it), or name another directory", err, dir)
}

// setUp makes the run directory unless it exists, and makes it a mount.
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
		_ = os.Remove(dir) // which fails if another process uses it
	}
	return err
}

// makeDir makes the run directory unless it exists. Under any umask, the mode lets every user list the directory. The
// directory gets its mode before its name, so a killed process leaves none with another mode. A later caller uses a directory
// without the name.
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

// openToAll gives a directory the mode of a run directory. If another user could have made it, it returns a *TrustError.
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

// Release unmounts and removes a run directory without names, or the default one if dir is empty. It undoes Prepare. It does
// nothing if the directory is missing.
//
// It returns a *[BusyError] if the directory has a name, is open in a process, has a mount in it, or is covered by a mount of
// anything but itself. Names and mounts of namespaces then stay, but mounts of the directory itself may be gone. The next
// Prepare makes them again. Release returns a *[TrustError] or a *[PrivilegeError] as Prepare does.
//
// A mount on the directory in another mount namespace goes with the directory (rmdir(2)). Usually that is a copy of the
// directory's own mount, and as empty.
func Release(ctx context.Context, dir string) error {
	dir, err := DirPath(dir)
	if err != nil {
		return err
	}
	if s, err := Open(dir); err == nil { // before lockDir, which needs at least the directory above
		s.Close()
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else {
		return err
	}
	unlock, err := lockDir(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock() // which also removes the file of the lock
	err = unmountAll(dir)
	if err == nil {
		err = sys.PathError("rmdir", dir, sys.Again(func() error { return unix.Rmdir(dir) }))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, unix.EBUSY):
		return &BusyError{dir, "another process has it open, or something is mounted in it"}
	case errors.Is(err, unix.ENOTEMPTY): // another process has made a name since
		return &BusyError{dir, "it still has names"}
	}
	return refused(err)
}

// unmountAll unmounts an empty directory's own mounts, if all of them are the directory itself. It looks again before each
// step.
func unmountAll(dir string) error {
	for {
		switch state, err := stateOfDir(dir); {
		case err != nil:
			return err
		case state.names > 0:
			return &BusyError{dir, fmt.Sprintf("it still has names (%d)", state.names)}
		case state.mounts == 0:
			return nil
		case !state.self:
			return &BusyError{dir, "a mount on it is not the directory itself, so netns did not make that mount"}
		}
		if err := unmountDir(dir); err != nil {
			return err
		}
	}
}
