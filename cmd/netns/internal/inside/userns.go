package inside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"github.com/moby/sys/mountinfo"
	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// AgainAsRoot runs this process's command line once more, as root of a new user namespace, waits for the command that it
// becomes, and returns its exit code. It needs a child, because the kernel lets no process with several threads enter a new
// user namespace. The child has all capabilities there.
func AgainAsRoot() (int, error) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		// The kernel sends it when the forking thread ends. That is the main thread, which ends with the process.
		Pdeathsig: syscall.SIGKILL,
	}
	code, err := signals.NewChildren(syscall.SIGUSR1, syscall.SIGUSR2).Run(cmd)
	if _, ended := errors.AsType[signals.Error](err); err == nil || ended {
		return code, err
	}
	return 0, explainRefusal(fmt.Errorf("a user namespace cannot be made either: %w", err))
}

// explainRefusal adds to an error of making a user namespace its reason, and how to permit it.
func explainRefusal(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return persist.Explain(unix.CAP_SYS_ADMIN, "", "user.max_user_namespaces", err)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: this kernel has no user namespaces (CONFIG_USER_NS)", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s", err, whoForbids())
	}
	return err
}

// whoForbids returns the reason for which the kernel refuses a user namespace.
func whoForbids() string {
	clone, _ := sys.Sysctl("kernel.unprivileged_userns_clone")
	apparmor, _ := sys.Sysctl("kernel.apparmor_restrict_unprivileged_userns")
	switch {
	case clone == "0":
		return "kernel.unprivileged_userns_clone is 0: set it to 1 with sysctl"
	case apparmor == "1":
		return "kernel.apparmor_restrict_unprivileged_userns is 1: give netns an AppArmor profile with `userns,` " +
			"(the manual has one), or set it to 0 with sysctl"
	case isChroot():
		return "this is a chroot, and the kernel allows no user namespace in one: run netns outside, or where pivot_root changed the root"
	case sys.HasSeccompFilter():
		return "this process has a seccomp filter, as in a container: in the filter, allow clone and unshare with " +
			"the CLONE_NEW flags (docker: --security-opt seccomp=FILE)"
	}
	return "a security module or a chroot forbids it"
}

// isChroot reports whether the root directory is not a mount of the mount namespace. A chroot to a mount is not recognised.
func isChroot() bool {
	root, err := mountinfo.GetMounts(mountinfo.SingleEntryFilter("/"))
	return err == nil && len(root) == 0
}
