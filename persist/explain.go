//go:build linux

package persist

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Explain explains the error of a system call. If the errno is ENOSPC, the text names limit, the sysctl(8) that the kernel
// counts the call against ("user.max_mnt_namespaces", for example; "" for none). If it is EPERM or EACCES, Explain returns what
// [Needs] returns for the capability. Any other error, and nil, stays as it is.
func Explain(capability int, purpose, limit string, err error) error {
	if limit == "" || !errors.Is(err, unix.ENOSPC) {
		return Needs(capability, purpose, err)
	}
	value, readErr := sys.Sysctl(limit)
	if readErr != nil {
		return fmt.Errorf("%w: the limit %s is reached: raise it with sysctl", err, limit)
	}
	// The reached limit may be that of an outer user namespace.
	return fmt.Errorf("%w: a limit is reached, and %s is %s here: raise it with sysctl", err, limit, value)
}

// Needs explains an EPERM or EACCES. It returns a *[PrivilegeError] if the calling thread lacks a capability
// (unix.CAP_SYS_ADMIN, for example), or has it in a user namespace only. If the thread has it, Needs returns a
// *[RefusedError]. Any other error, an explained one and nil stay as they are.
func Needs(capability int, purpose string, err error) error {
	_, lacks := errors.AsType[*PrivilegeError](err)
	_, isRefused := errors.AsType[*RefusedError](err)
	if lacks || isRefused || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if HasCapability(capability) {
		if sys.UserNamespace() != sys.OtherUserNS {
			return &RefusedError{capabilityNames[capability], whoRefuses(), err}
		}
		purpose += ", in what another user namespace owns," // such as a mount namespace that was made outside of ours
	}
	return &PrivilegeError{capabilityNames[capability], purpose, err}
}

var capabilityNames = map[int]string{
	unix.CAP_DAC_OVERRIDE: "CAP_DAC_OVERRIDE",
	unix.CAP_KILL:         "CAP_KILL",
	unix.CAP_NET_ADMIN:    "CAP_NET_ADMIN",
	unix.CAP_NET_RAW:      "CAP_NET_RAW",
	unix.CAP_SETGID:       "CAP_SETGID",
	unix.CAP_SETUID:       "CAP_SETUID",
	unix.CAP_SYS_ADMIN:    "CAP_SYS_ADMIN",
	unix.CAP_SYS_PTRACE:   "CAP_SYS_PTRACE",
	unix.CAP_SYS_RESOURCE: "CAP_SYS_RESOURCE",
}

// HasCapability reports whether the calling thread has a capability (unix.CAP_SYS_ADMIN, for example) in its effective set.
func HasCapability(capability int) bool {
	var data [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if unix.Capget(&header, &data[0]) != nil {
		return false
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}

// whoRefuses guesses which part of the system refuses a call to a process that has the capability.
func whoRefuses() string {
	if sys.HasSeccompFilter() {
		return "this process has a seccomp filter, as in a container, and that or a security module (AppArmor, SELinux) refuses it"
	}
	reason := "something else refuses it, most likely a security module (AppArmor, SELinux)"
	label, err := os.ReadFile("/proc/thread-self/attr/current")
	if label = bytes.Trim(label, "\x00\n "); err == nil && len(label) > 0 && string(label) != "unconfined" {
		reason += fmt.Sprintf("; this process's label is %q", label)
	}
	return reason
}

// mountPurpose is the purpose of the mount calls.
const mountPurpose = "making or deleting a network namespace"

// mountLimits are the limits that the kernel counts the mount calls against. A mount that is attached nowhere has a mount
// namespace of its own.
var mountLimits = map[string]string{
	"open_tree": "user.max_mnt_namespaces", "fsmount": "user.max_mnt_namespaces",
	"move_mount": "fs.mount-max", "mount": "fs.mount-max",
}

// explainMount is [Explain] for open_tree(2), fsmount(2), move_mount(2) or mount(2) on a path, and adds the call and the path.
func explainMount(op, path string, err error) error {
	return Explain(unix.CAP_SYS_ADMIN, mountPurpose, mountLimits[op], sys.PathError(op, path, err))
}

// refused explains an EPERM or EACCES of a call on the run directory. It names CAP_SYS_ADMIN first, because the mount calls
// that follow need that.
func refused(err error) error {
	if HasCapability(unix.CAP_SYS_ADMIN) && !HasCapability(unix.CAP_DAC_OVERRIDE) {
		return Needs(unix.CAP_DAC_OVERRIDE, mountPurpose, err)
	}
	return Needs(unix.CAP_SYS_ADMIN, mountPurpose, err)
}

// NeedsProc returns an *[UnsupportedError] for the error of a path in /proc that is missing because proc(5) is not mounted
// there. Any other error, and nil, stays as it is.
func NeedsProc(err error) error {
	var fs unix.Statfs_t
	if !errors.Is(err, unix.ENOENT) || unix.Statfs("/proc", &fs) == nil && fs.Type == unix.PROC_SUPER_MAGIC {
		return err
	}
	return &UnsupportedError{"/proc must be mounted, see proc(5)", err}
}

// openProc opens a file in /proc for reading.
func openProc(path string) (*os.File, error) {
	f, err := sys.Open(path, unix.O_RDONLY)
	return f, NeedsProc(err)
}
