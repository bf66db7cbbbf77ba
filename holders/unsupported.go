//go:build !linux

package holders

import (
	"context"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/persist"
)

// These functions need Linux. They are documented there.

func Of(ctx context.Context, namespaces ...*netns.Namespace) ([][]Holder, error) {
	return nil, persist.Unsupported()
}

func Processes(ctx context.Context, namespaces ...*netns.Namespace) ([][]Holder, error) {
	return nil, persist.Unsupported()
}

func InUse(ctx context.Context) (map[uint64][]int, error) { return nil, persist.Unsupported() }

func Kill(ctx context.Context, o KillOptions, namespaces ...*netns.Namespace) error {
	return persist.Unsupported()
}

func CheckKill(namespaces ...*netns.Namespace) error { return persist.Unsupported() }

func CheckSight(namespaces ...*netns.Namespace) error { return persist.Unsupported() }

func CheckComplete(ctx context.Context) error { return persist.Unsupported() }

type Witness struct{}

func NewWitness(namespaces ...*netns.Namespace) (*Witness, error) { return nil, persist.Unsupported() }

func (w *Witness) Close() {}

func (w *Witness) Wait(ctx context.Context, namespaces ...*netns.Namespace) (left []*netns.Namespace, err error) {
	return namespaces, persist.Unsupported()
}
