package netns

// NoNSID is an id that there is not (NETNSA_NSID_NOT_ASSIGNED of linux/net_namespace.h). As one to be set, it leaves the
// choice to the kernel.
const NoNSID = -1

// A PeerID is an id that one namespace has for another.
type PeerID struct {
	ID      int
	Current int // the id that the caller's namespace has for the same one, or NoNSID
}
