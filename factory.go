package netns

import (
	"context"
	"errors"

	"github.com/netns-go/netns/stages"
)

// A Factory makes namespaces as [Create] does, with the same guarantees, at nearly the kernel's own cost: it keeps the
// children in which they are made, at most so many as transactions may run at once. It is safe for concurrent use. A child
// that waits holds no namespace; one that dies is replaced. What an embedder's own stages leave behind in the child, open
// files for instance, stays there until the Factory is closed.
type Factory struct {
	factory *stages.Factory
	stop    func() bool
}

// NewFactory returns a Factory that makes namespaces by these options, in up to so many children: as many as there are
// processors is a good choice. It is closed when the context ends. It returns what [Check] returns for the options, of
// which From, Replace, KeepOnFail and Progress are not for a Factory.
func NewFactory(ctx context.Context, o Options, children int) (*Factory, error) {
	if o.From != nil || o.Replace || o.KeepOnFail || o.Progress != nil {
		return nil, errors.New("a factory has no From, Replace, KeepOnFail and Progress")
	}
	factory, err := stages.NewFactory(o.Dir, o.plan(nil).Steps, children)
	if err != nil {
		return nil, err
	}
	return &Factory{factory, context.AfterFunc(ctx, factory.Close)}, nil
}

// Create makes namespaces in one transaction, once a child is free. It returns what [Create] returns, or an error that
// matches [fs.ErrClosed] if the Factory is closed.
func (f *Factory) Create(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return errors.New("no names")
	}
	return f.factory.Run(ctx, names)
}

// Close waits for the transactions that run, and ends the children. Namespaces stay. It may be called again. For a child that
// does not die of SIGKILL, because its cgroup is frozen, it waits for some seconds only, and reaps it later.
func (f *Factory) Close() {
	f.stop()
	f.factory.Close()
}
