//go:build linux && (amd64 || arm64)

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

type mount struct {
	source, target, fstype string
	flags                  uintptr
	data                   string
}

func doMounts(mounts []mount) error {
	for _, m := range mounts {
		if err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	return nil
}

// ownTree makes all mounts private. In a chroot whose root is no mount, it does so from outside of the chroot, and then goes to
// a bind mount of the root.
func ownTree() error {
	apart := mount{"", "/", "", unix.MS_PRIVATE | unix.MS_REC, ""}
	err := doMounts([]mount{apart})
	if !errors.Is(err, unix.EINVAL) {
		return err
	}
	if err := outside(func() error { return doMounts([]mount{apart}) }); err != nil {
		return err
	}
	if err := doMounts([]mount{{"/", scratch, "", unix.MS_BIND | unix.MS_REC, ""}}); err != nil {
		return err
	}
	return errors.Join(unix.Chroot(scratch), unix.Chdir("/"), doMounts([]mount{apart}))
}

// outside runs a function in the root of the mount namespace, where no chroot leads. Its thread ends with it.
func outside(f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		here, err := os.Open("/proc/thread-self/ns/mnt")
		if err == nil {
			err = os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_FS))
		}
		if err == nil {
			err = os.NewSyscallError("setns", unix.Setns(int(here.Fd()), unix.CLONE_NEWNS))
		}
		if err == nil {
			err = f()
		}
		result <- err
	}()
	return <-result
}

// mounts returns a function that makes these mounts.
func mounts(list ...mount) func() error { return func() error { return doMounts(list) } }

// all returns a function that calls several.
func all(steps ...func() error) func() error {
	return func() error {
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}
}

// propagating returns a function that gives all mounts a propagation.
func propagating(flag uintptr) func() error {
	return mounts(mount{"", "/", "", flag | unix.MS_REC, ""})
}

// ownProc is the /proc of the world's own PID namespace.
var ownProc = mount{"proc", "/proc", "proc", 0, ""}

// noProc unmounts /proc, however often it is mounted.
func noProc() error {
	for n := 0; ; n++ {
		if err := unix.Unmount("/proc", unix.MNT_DETACH); errors.Is(err, unix.EINVAL) && n > 0 {
			return nil
		} else if err != nil {
			return fmt.Errorf("unmount /proc: %w", err)
		}
	}
}

// ownBootID returns a function that gives the world its own boot id, as systemd-nspawn and LXC do.
func ownBootID(begin string) func() error {
	return func() error {
		file := filepath.Join(scratch, "boot_id."+begin)
		if err := os.WriteFile(file, []byte(begin+"1111-2222-3333-4444-555555555555\n"), 0o444); err != nil {
			return err
		}
		return doMounts([]mount{{file, "/proc/sys/kernel/random/boot_id", "", unix.MS_BIND, ""}})
	}
}

// overlayRun puts the machine's /run on an overlay.
func overlayRun() error {
	for _, dir := range []string{"low", "up", "work"} {
		if err := os.Mkdir(filepath.Join(scratch, dir), 0o755); err != nil {
			return err
		}
	}
	data := fmt.Sprintf("lowerdir=%s/low,upperdir=%[1]s/up,workdir=%[1]s/work", scratch)
	return doMounts([]mount{{"overlay", "/run", "overlay", 0, data}})
}

// limit returns a function that lets the user namespace have no more of something.
func limit(key string) func() error {
	return func() error { return os.WriteFile("/proc/sys/user/"+key, []byte("0"), 0) }
}

// rootDir is a root directory with what programs need.
const rootDir = scratch + "/root"

// makeRoot fills rootDir, and makes a mount for its /run. Some systems have links in place of /bin and /lib.
func makeRoot(run mount) error {
	for _, name := range []string{"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"} {
		here, there := "/"+name, filepath.Join(rootDir, name)
		if target, err := os.Readlink(here); err == nil {
			if err := os.Symlink(target, there); err != nil {
				return err
			}
		} else if _, err := os.Stat(here); err == nil {
			if err := bind(here, there); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"/proc", "/sys", "/dev"} {
		if err := bind(name, rootDir+name); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/etc", "/run", scratch} {
		if err := os.Mkdir(rootDir+dir, 0o755); err != nil {
			return err
		}
	}
	// Not recursive: rootDir is in there.
	return doMounts([]mount{run, {scratch, rootDir + scratch, "", unix.MS_BIND, ""}})
}

func bind(from, to string) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	return doMounts([]mount{{from, to, "", unix.MS_BIND | unix.MS_REC, ""}})
}

// ownRoot makes a root directory that belongs to the world's root, with its own /run, and goes there as containers do.
func ownRoot() error {
	if err := doMounts([]mount{{"tmpfs", rootDir, "tmpfs", 0, "mode=755"}}); err != nil {
		return err
	}
	if err := makeRoot(mount{"tmpfs", rootDir + "/run", "tmpfs", 0, "mode=755"}); err != nil {
		return err
	}
	if err := unix.Chdir(rootDir); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	return os.NewSyscallError("umount2", unix.Unmount(".", unix.MNT_DETACH))
}

// chrootDir makes a root directory that is no mount, with the machine's /run in it.
func chrootDir() error {
	return makeRoot(mount{"/run", rootDir + "/run", "", unix.MS_BIND | unix.MS_REC, ""})
}

func chroot() error {
	return errors.Join(unix.Chroot(rootDir), unix.Chdir("/"))
}
