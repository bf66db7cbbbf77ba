//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// lacks returns why this machine cannot have the world, or "".
func (w *world) lacks() string {
	if w.flags&unix.CLONE_NEWUSER != 0 {
		cmd := exec.Command("/proc/self/exe", "-h")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}
		if err := cmd.Start(); err != nil { // in a chroot, for instance
			return fmt.Sprintf("no user namespace can be made: %v", err)
		}
		_ = cmd.Wait()
	}
	if w.needs != nil {
		return w.needs()
	}
	return ""
}

// linux returns a function that returns why the kernel is too old, or "".
func linux(major, minor int) func() string {
	return func() string {
		var name unix.Utsname
		var x, y int
		if err := unix.Uname(&name); err != nil {
			return err.Error()
		}
		release := unix.ByteSliceToString(name.Release[:])
		if _, err := fmt.Sscanf(release, "%d.%d", &x, &y); err != nil {
			return fmt.Sprintf("%s: %v", release, err)
		}
		if x < major || x == major && y < minor {
			return fmt.Sprintf("needs Linux %d.%d, and this is %s", major, minor, release)
		}
		return ""
	}
}
