//go:build linux

package stages

import (
	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"golang.org/x/sys/unix"
)

// builtIn has the stages of this package: the first and the last of each plan, which are below, and those with a file of
// their own.
var builtIn = map[string]Decoder{
	unshareStage:  func([]byte) (Stage, error) { return unshare{}, nil },
	attachStage:   func([]byte) (Stage, error) { return attach{}, nil },
	sysctlStage:   decodeSysctl,
	loopbackStage: func([]byte) (Stage, error) { return loopback{}, nil },
	addressStage:  decodeAddress,
	verifyStage:   func([]byte) (Stage, error) { return verify{}, nil },
	publishStage:  func([]byte) (Stage, error) { return publish{}, nil },
}

// unshare makes the namespace. It has nothing to undo: a namespace without a name ends with the child.
type unshare struct{ Inside }

func (unshare) Do(t *Target) (err error) {
	switch err := unix.Unshare(unix.CLONE_NEWNET); err {
	case nil:
	case unix.EINVAL:
		return &persist.UnsupportedError{Need: "this kernel has no network namespaces (CONFIG_NET_NS)", Err: err}
	default:
		return persist.Explain(unix.CAP_SYS_ADMIN, "making a network namespace", "user.max_net_namespaces", err)
	}
	t.ns, err = sys.Open(ownNamespace, unix.O_RDONLY)
	return err
}

// ownNamespace is the calling thread's namespace. /proc/self shows that of the process's first thread, which may be another.
const ownNamespace = "/proc/thread-self/ns/net"

// attach takes an existing namespace in place of unshare. It has nothing to undo: the namespace is the caller's.
type attach struct{ Inside }

func (attach) Do(t *Target) error {
	t.ns = t.source
	return nil
}

// publish gives the namespace its name. It is the only built-in stage that has something to undo.
type publish struct{}

func (p publish) Do(t *Target) (err error) {
	var tx rollback.Tx
	defer tx.Rollback(&err)
	if err := t.claim.Link(t.Name); err != nil {
		return persist.Needs(unix.CAP_DAC_OVERRIDE, "writing to the run directory", err)
	}
	tx.Add("link", func() error { return p.Undo(t) })
	if err := t.claim.Mount(t.Name, t.ns); err != nil {
		return persist.Needs(unix.CAP_SYS_ADMIN, "mounting a namespace", err)
	}
	tx.Commit()
	return nil
}

func (publish) Undo(t *Target) error {
	if t.claim == nil { // so it was never linked
		return nil
	}
	return t.claim.Withdraw(t.Name)
}
