//go:build !linux

package netns

import (
	"context"
	"net"
	"os/exec"

	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
)

// These functions need Linux. They are documented there.

func OpenPidfd(fd int) (*Namespace, error) { return nil, persist.Unsupported() }

func (n *Namespace) Do(ctx context.Context, f func() error) error { return persist.Unsupported() }

func Tour(f func(enter func(*Namespace) error) error) error { return persist.Unsupported() }

func (n *Namespace) Start(cmd *exec.Cmd) error { return persist.Unsupported() }

func (n *Namespace) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	return nil, persist.Unsupported()
}

func (n *Namespace) Listen(ctx context.Context, network, address string) (listener net.Listener, err error) {
	return nil, persist.Unsupported()
}

func (n *Namespace) ListenPacket(ctx context.Context, network, address string) (conn net.PacketConn, err error) {
	return nil, persist.Unsupported()
}

// Resolver returns a resolver whose every look-up fails.
func (n *Namespace) Resolver(servers ...string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: n.DialContext}
}

func (n *Namespace) Netlink() (h *netlink.Handle, err error) { return nil, persist.Unsupported() }

func (n *Namespace) NSID() (id int, assigned bool, err error) { return 0, false, persist.Unsupported() }

func (n *Namespace) SetNSID(id int) error { return persist.Unsupported() }

func (n *Namespace) AssignNSID() (id int, err error) { return 0, persist.Unsupported() }

func PeerIDs() ([]int, error) { return nil, persist.Unsupported() }

func PeerIDsOf(nsid int) ([]PeerID, error) { return nil, persist.Unsupported() }
