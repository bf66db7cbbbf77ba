//go:build linux

package persist

import (
	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// mountPurpose is what the mount calls are made for.
const mountPurpose = "making or deleting a network namespace"

// refused explains an EPERM or EACCES of a call on the run directory: the mount calls need CAP_SYS_ADMIN, and so does
// all that follows, hence it is named first.
func refused(err error) error {
	if HasCapability(unix.CAP_SYS_ADMIN) && !HasCapability(unix.CAP_DAC_OVERRIDE) {
		return Needs(unix.CAP_DAC_OVERRIDE, mountPurpose, err)
	}
	return Needs(unix.CAP_SYS_ADMIN, mountPurpose, err)
}

// Needs explains an EPERM or EACCES. It returns a *[PrivilegeError] if the calling thread lacks the capability
// (unix.CAP_SYS_ADMIN, say) that the call takes, or has it in a user namespace only, and a *[RefusedError] if the thread has
// it. Any other error, and one that is explained already, stays as it is.
func Needs(capability int, purpose string, err error) error {
	if isExplained(err) {
		return err
	}
	if HasCapability(capability) {
		if sys.UserNamespace() != sys.OtherUserNS {
			return &RefusedError{capabilityNames[capability], whoRefuses(), err}
		}
		purpose += ", in what another user namespace owns," // a mount namespace, say, that was not unshared with ours
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

// HasCapability says whether the calling thread has a capability (unix.CAP_SYS_ADMIN, say) in its effective set.
func HasCapability(capability int) bool {
	var data [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if unix.Capget(&header, &data[0]) != nil {
		return false
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}
