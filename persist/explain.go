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

// Explain adds to the error of a system call what its errno leaves open. If the errno is ENOSPC, the text names limit, the
// sysctl(8) that the kernel counts the call against ("user.max_mnt_namespaces", say; "" if there is none). If it is EPERM or
// EACCES, Explain returns what [Needs] returns for the capability. Any other error stays as it is.
func Explain(capability int, purpose, limit string, err error) error {
	if limit != "" && errors.Is(err, unix.ENOSPC) {
		return limited(limit, err)
	}
	return Needs(capability, purpose, err)
}

// limited names the limit behind an ENOSPC. A limit of an outer user namespace may be the one that is reached.
func limited(limit string, err error) error {
	value, readErr := sys.Sysctl(limit)
	if readErr != nil {
		return fmt.Errorf("%w: the limit %s is reached: raise it with sysctl", err, limit)
	}
	return fmt.Errorf("%w: a limit is reached, and %s is %s here: raise it with sysctl", err, limit, value)
}

// mountLimits are the limits that the mount calls are counted against. A mount that is attached nowhere has a mount
// namespace of its own.
var mountLimits = map[string]string{
	"open_tree": "user.max_mnt_namespaces", "fsmount": "user.max_mnt_namespaces",
	"move_mount": "fs.mount-max", "mount": "fs.mount-max",
}

// explainMount names and explains the error of open_tree(2), fsmount(2), move_mount(2) or mount(2) on a path. It returns nil
// for nil, see [Explain] for the rest.
func explainMount(op, path string, err error) error {
	return Explain(unix.CAP_SYS_ADMIN, mountPurpose, mountLimits[op], sys.PathError(op, path, err))
}

// whoRefuses guesses what refuses a call to a process that has the capability.
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

func isExplained(err error) bool {
	var lacking *PrivilegeError
	var refused *RefusedError
	return !errors.Is(err, fs.ErrPermission) || errors.As(err, &lacking) || errors.As(err, &refused)
}
