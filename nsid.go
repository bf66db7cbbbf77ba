//go:build linux

package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// NSID returns the id that the caller's network namespace has for this one, or [NoNSID].
func (n *Namespace) NSID() (int, error) {
	id := NoNSID
	err := n.hold(func(fd int) (err error) {
		if id, err = netlink.GetNetNsIdByFd(fd); err != nil {
			return fmt.Errorf("%s: nsid: %w", n.path, err)
		}
		return nil
	})
	if err != nil {
		return NoNSID, err
	}
	return id, nil
}

// SetNSID gives the namespace an id in the caller's network namespace, or any that is free for [NoNSID]. It returns an
// *[NSIDError] if it has one or the id is another's, or a *[PrivilegeError] without CAP_NET_ADMIN.
func (n *Namespace) SetNSID(id int) error {
	err := n.hold(func(fd int) error { return netlink.SetNetNsIdByFd(fd, id) })
	switch {
	case errors.Is(err, os.ErrClosed):
		return err
	case errors.Is(err, unix.EEXIST):
		if own, ownErr := n.NSID(); ownErr == nil && own != NoNSID {
			return &NSIDError{n.path, own, true}
		}
		return &NSIDError{n.path, id, false}
	case errors.Is(err, unix.EPERM):
		return persist.Needs(unix.CAP_NET_ADMIN, "setting an nsid", err)
	case err != nil:
		return fmt.Errorf("%s: set nsid: %w", n.path, err)
	}
	return nil
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
