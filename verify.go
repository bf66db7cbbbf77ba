package netns

import "github.com/netns-go/netns/stages"

// Verify reads back whether lo is up, and sends an ICMP echo request to 127.0.0.1 and, where IPv6 is on, to ::1, as
// [Create] does it. It changes nothing, and returns a *[StageError] if the namespace is not healthy or cannot be looked
// at, which takes CAP_SYS_ADMIN and CAP_NET_RAW; for want of these, that holds a *[PrivilegeError], or is one.
func (n *Namespace) Verify() error {
	return n.visit(func() error { return stages.Here(stages.Verify()) })
}
