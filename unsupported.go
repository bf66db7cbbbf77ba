//go:build !linux

package netns

import (
	"context"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
)

// What there is on Linux only. It is documented there.

// unsupported returns the *[UnsupportedError] that package persist returns for everything.
func unsupported() error { return persist.Unsupported() }

func opened(path string, f *os.File, err error) (*Namespace, error) { return nil, err }

func lend(f func(enter func(*Namespace) error) error) error { return unsupported() }

func (n *Namespace) visit(f func() error) error { return unsupported() }

func (n *Namespace) Delete(ctx context.Context) error { return unsupported() }

func (n *Namespace) Start(cmd *exec.Cmd) error { return unsupported() }

func (n *Namespace) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	return nil, unsupported()
}

func (n *Namespace) Listen(ctx context.Context, network, address string) (listener net.Listener, err error) {
	return nil, unsupported()
}

func (n *Namespace) ListenPacket(ctx context.Context, network, address string) (conn net.PacketConn, err error) {
	return nil, unsupported()
}

func (n *Namespace) Netlink() (h *netlink.Handle, err error) { return nil, unsupported() }

func (n *Namespace) NSID() (int, error) { return NoNSID, unsupported() }

func (n *Namespace) SetNSID(id int) error { return unsupported() }

func PeerIDs(target int) ([]PeerID, error) { return nil, unsupported() }

func NewRandom(ctx context.Context, prefix string, o Options) (*Namespace, error) {
	return nil, unsupported()
}

func Holders(ctx context.Context, namespaces ...*Namespace) ([][]Holder, error) {
	return nil, unsupported()
}

func Processes(ctx context.Context, namespaces ...*Namespace) ([][]Holder, error) {
	return nil, unsupported()
}

func InUse(ctx context.Context) (map[uint64][]int, error) { return nil, unsupported() }

func CheckKill(ns *Namespace) error { return unsupported() }

func Kill(ctx context.Context, signal syscall.Signal, grace time.Duration, namespaces ...*Namespace) error {
	return unsupported()
}

func KillSeen(ctx context.Context, signal syscall.Signal, grace time.Duration, namespaces ...*Namespace) error {
	return unsupported()
}

func CheckSight(namespaces ...*Namespace) error { return unsupported() }

func (d *Dir) DeleteShown(ctx context.Context, name string, ns *Namespace) error {
	return unsupported()
}

type Witness struct{}

func NewWitness(namespaces ...*Namespace) (*Witness, error) { return nil, unsupported() }

func (w *Witness) Close() {}

func (w *Witness) Wait(ctx context.Context, namespaces ...*Namespace) (left []*Namespace, err error) {
	return namespaces, unsupported()
}
