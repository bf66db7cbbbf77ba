package netns

import "github.com/netns-go/netns/stages"

// Unshare moves the calling thread, which must be locked, into a new network namespace that has no name, and sets that
// up as [Create] would; only what is set up inside means anything here. The namespace ends with what is in it: the
// thread, and what that starts.
//
// It returns an *[ArgumentError] before it does anything, or a *[StageError], after which the thread may be in the new
// namespace already, and should end; for want of CAP_SYS_ADMIN, CAP_NET_ADMIN or CAP_NET_RAW that holds a
// *[PrivilegeError].
func Unshare(o Options) error {
	return stages.Here(append([]Step{stages.Unshare()}, o.plan(nil).Steps...)...)
}
