package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/netns-go/netns/internal/thread"
	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Netlink returns a connection to the rtnetlink of the namespace, for its links, addresses and routes. Any thread can use it, and
// the caller closes it. Netlink needs CAP_SYS_ADMIN to enter the namespace, or returns a *[PrivilegeError].
func (n *Namespace) Netlink() (h *netlink.Handle, err error) {
	err = thread.Visit(n.thread(), func() error {
		h, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return fmt.Errorf("%s: open rtnetlink: %w", n.path, err)
		}
		return nil
	})
	return h, err
}

// unassigned is NETNSA_NSID_NOT_ASSIGNED of linux/net_namespace.h. Passed to the kernel as the id, it lets the kernel choose one.
const unassigned = -1

// NSID returns the id that the caller's network namespace has for this one. If it has none, assigned is false and id is 0.
func (n *Namespace) NSID() (id int, assigned bool, err error) {
	err = thread.Hold(n.thread(), func(fd int) (err error) {
		if id, err = netlink.GetNetNsIdByFd(fd); err != nil {
			return fmt.Errorf("%s: nsid: %w", n.path, err)
		}
		return nil
	})
	if err != nil || id == unassigned {
		return 0, false, err
	}
	return id, true, nil
}

// SetNSID gives this namespace an id in the caller's network namespace. The id lasts until this namespace or the caller's
// namespace ends. SetNSID returns an *[ArgumentError] for a negative id, an *[NSIDError] if this namespace has an id or another
// one has that id, or a *[PrivilegeError] if CAP_NET_ADMIN is missing.
func (n *Namespace) SetNSID(id int) error {
	if id < 0 {
		return &ArgumentError{Stage: "nsid", Argument: strconv.Itoa(id), Reason: "it is negative"}
	}
	return n.setNSID(id)
}

// AssignNSID gives this namespace an id that is free in the caller's network namespace, and returns the id. If this namespace
// has an id already, AssignNSID returns that id and an *[NSIDError]. Its other errors are those of SetNSID.
func (n *Namespace) AssignNSID() (id int, err error) {
	if err := n.setNSID(unassigned); err != nil {
		if taken, ok := errors.AsType[*NSIDError](err); ok && taken.Own {
			return taken.ID, err
		}
		return 0, err
	}
	id, _, err = n.NSID()
	return id, err
}

func (n *Namespace) setNSID(id int) error {
	err := thread.Hold(n.thread(), func(fd int) error { return netlink.SetNetNsIdByFd(fd, id) })
	switch {
	case errors.Is(err, os.ErrClosed):
		return err
	case errors.Is(err, unix.EEXIST):
		if own, assigned, ownErr := n.NSID(); ownErr == nil && assigned {
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

// PeerIDs returns the ids that the caller's network namespace has for others, in ascending order.
func PeerIDs() ([]int, error) {
	peers, err := peerIDs(unassigned)
	var ids []int
	for _, peer := range peers {
		ids = append(ids, peer.ID)
	}
	return ids, err
}

// PeerIDsOf returns the ids that another namespace has for others, in ascending order. The caller's network namespace must have the
// id nsid for it; if it has none, PeerIDsOf returns a *[NotExistError].
func PeerIDsOf(nsid int) ([]PeerID, error) {
	if nsid < 0 {
		return nil, &NotExistError{Path: fmt.Sprintf("nsid %d", nsid)}
	}
	return peerIDs(nsid)
}

// peerIDs returns the ids of the namespace that the caller's has the id target for, or of the caller's own if it is unassigned.
func peerIDs(target int) ([]PeerID, error) {
	socket, err := nl.Subscribe(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", err)
	}
	defer socket.Close()
	request := nl.NewNetlinkRequest(unix.RTM_GETNSID, unix.NLM_F_DUMP)
	request.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: socket}}
	request.AddData(nl.NewRtGenMsg())
	if target != unassigned {
		// Without the strict check the kernel ignores the target (rtnl_valid_dump_net_req).
		if err := unix.SetsockoptInt(socket.GetFd(), unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1); err != nil {
			return nil, fmt.Errorf("rtnetlink: strict check: %w", err)
		}
		request.AddData(nl.NewRtAttr(unix.NETNSA_TARGET_NSID, binary.NativeEndian.AppendUint32(nil, uint32(target))))
	}
	answers, err := request.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWNSID)
	if errors.Is(err, unix.EINVAL) && target != unassigned {
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
		ids = append(ids, peerID(attributes))
	}
	return ids, nil
}

func peerID(attributes []syscall.NetlinkRouteAttr) (id PeerID) {
	for _, a := range attributes {
		value := int(int32(binary.NativeEndian.Uint32(a.Value)))
		switch {
		case a.Attr.Type == unix.NETNSA_NSID:
			id.ID = value
		case a.Attr.Type == unix.NETNSA_CURRENT_NSID && value != unassigned:
			id.Own, id.Known = value, true
		}
	}
	return id
}
