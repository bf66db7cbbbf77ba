package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// NoNSID is an id that there is not (NETNSA_NSID_NOT_ASSIGNED of linux/net_namespace.h). As one to be set, it leaves the
// choice to the kernel.
const NoNSID = -1

// NSID returns the id that the caller's network namespace has for this one, or [NoNSID].
func (n *Namespace) NSID() (int, error) {
	id, err := netlink.GetNetNsIdByFd(n.Fd())
	runtime.KeepAlive(n.file)
	if err != nil {
		return NoNSID, fmt.Errorf("%s: nsid: %w", n.path, err)
	}
	return id, nil
}

// An NSIDError reports an id that cannot be set. It matches [fs.ErrExist].
type NSIDError struct {
	Path string
	ID   int  // the one that is in the way
	Own  bool // it is the namespace's own, and not another's
}

func (e *NSIDError) Error() string {
	if e.Own {
		return fmt.Sprintf("%s: exists: it has the nsid %d, which stays until the namespace ends", e.Path, e.ID)
	}
	return fmt.Sprintf("%s: exists: another namespace has the nsid %d", e.Path, e.ID)
}

// Is makes the error match [fs.ErrExist].
func (e *NSIDError) Is(target error) bool { return target == fs.ErrExist }

// SetNSID gives the namespace an id in the caller's network namespace, or any that is free for [NoNSID]. It returns an
// *[NSIDError] if it has one or the id is another's, or a *[PrivilegeError] without CAP_NET_ADMIN.
func (n *Namespace) SetNSID(id int) error {
	err := netlink.SetNetNsIdByFd(n.Fd(), id)
	runtime.KeepAlive(n.file)
	switch {
	case errors.Is(err, unix.EEXIST):
		if own, ownErr := n.NSID(); ownErr == nil && own != NoNSID {
			return &NSIDError{n.path, own, true}
		}
		return &NSIDError{n.path, id, false}
	case errors.Is(err, unix.EPERM):
		return &PrivilegeError{Capability: "CAP_NET_ADMIN", Purpose: "setting an nsid", Err: err}
	case err != nil:
		return fmt.Errorf("%s: set nsid: %w", n.path, err)
	}
	return nil
}

// A PeerID is an id that one namespace has for another.
type PeerID struct {
	ID      int
	Current int // the id that the caller's namespace has for the same one, or NoNSID
}

// PeerIDs returns the ids that a namespace has for others, in their order: the caller's own for [NoNSID], or the one that
// this knows by the id target. It returns a *[NotExistError] if it knows none by that.
func PeerIDs(target int) ([]PeerID, error) {
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", err)
	}
	defer socket.Close()
	request := nl.NewNetlinkRequest(unix.RTM_GETNSID, unix.NLM_F_DUMP)
	request.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: socket}}
	request.AddData(nl.NewRtGenMsg())
	if target != NoNSID {
		// Or the kernel takes no notice of the target (rtnl_valid_dump_net_req).
		if err := unix.SetsockoptInt(socket.GetFd(), unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1); err != nil {
			return nil, fmt.Errorf("rtnetlink: strict check: %w", err)
		}
		request.AddData(nl.NewRtAttr(unix.NETNSA_TARGET_NSID, binary.NativeEndian.AppendUint32(nil, uint32(target))))
	}
	answers, err := request.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWNSID)
	if errors.Is(err, unix.EINVAL) && target != NoNSID {
		return nil, &NotExistError{Path: fmt.Sprintf("nsid %d", target)}
	}
	if err != nil {
		return nil, fmt.Errorf("list nsids: %w", err)
	}
	var ids []PeerID
	for _, answer := range answers {
		attributes, err := nl.ParseRouteAttr(answer[nl.NewRtGenMsg().Len():])
		if err != nil {
			return nil, fmt.Errorf("list nsids: %w", err)
		}
		ids = append(ids, peerID(attributes, target))
	}
	return ids, nil
}

func peerID(attributes []syscall.NetlinkRouteAttr, target int) PeerID {
	id := PeerID{NoNSID, NoNSID}
	for _, a := range attributes {
		value := int(int32(binary.NativeEndian.Uint32(a.Value)))
		switch a.Attr.Type {
		case unix.NETNSA_NSID:
			id.ID = value
		case unix.NETNSA_CURRENT_NSID:
			id.Current = value
		}
	}
	if target == NoNSID {
		id.Current = id.ID
	}
	return id
}
