package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

// runInUserNamespace does the same command line once more as root of a new user namespace, and waits for the command
// that it becomes. A program with several threads cannot go into one itself, hence a child; that needs to know nothing
// more, since there it has all capabilities. Refused is what the kernel said without.
func runInUserNamespace(c *cli.Context, refused error) error {
	if c.IsSet("user") || c.IsSet("group") {
		return advise(fmt.Errorf("run: %w; in a user namespace it would be had, but there is no user but root, "+
			"so no --user or --group", refused), nil)
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		// It comes when the thread ends that forks, which is the main one: with the process.
		Pdeathsig: syscall.SIGKILL,
	}
	code, err := newChildren(syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP,
		syscall.SIGUSR1, syscall.SIGUSR2).run(cmd)
	var ended signalError
	switch {
	case errors.As(err, &ended):
		return codedError{fmt.Errorf("run: %w", err), exitCode(err)}
	case err != nil:
		err = explainRefusal(fmt.Errorf("a user namespace cannot be made either: %w", err))
		return advise(fmt.Errorf("run: %w; %w", refused, err), nil)
	case code != 0:
		return codedError{errors.New(""), code} // the command has said why
	}
	return nil
}

// explainRefusal adds to an error of making a user namespace what forbids it, and what to do about it.
func explainRefusal(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return netns.Explain(unix.CAP_SYS_ADMIN, "", "user.max_user_namespaces", err)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: this kernel has no user namespaces (CONFIG_USER_NS)", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s", err, whoForbids())
	}
	return err
}

// whoForbids says what makes the kernel refuse a user namespace.
func whoForbids() string {
	switch {
	case sysctl("kernel/unprivileged_userns_clone") == "0":
		return "kernel.unprivileged_userns_clone is 0: set it to 1 with sysctl"
	case sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
		return "kernel.apparmor_restrict_unprivileged_userns is 1: give netns an AppArmor profile with `userns,` " +
			"(the manual has one), or set it to 0 with sysctl"
	case isChroot():
		return "this is a chroot, in which the kernel makes none: run it outside, or where pivot_root changed the root"
	case hasSeccompFilter():
		return "this process has a seccomp filter, as in a container: let that permit clone and unshare to make " +
			"namespaces (docker: --security-opt seccomp=FILE)"
	}
	return "a security module or a chroot forbids it"
}

func sysctl(key string) string {
	value, _ := os.ReadFile("/proc/sys/" + key)
	return strings.TrimSpace(string(value))
}

// isChroot says whether the root directory is none of the mount namespace's mounts. Where it is one, this may be a chroot
// all the same.
func isChroot() bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == "/" {
			return false
		}
	}
	return true
}

func hasSeccompFilter() bool {
	status, err := os.ReadFile("/proc/self/status")
	return err == nil && strings.Contains(string(status), "\nSeccomp:\t2\n")
}
