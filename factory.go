package netns

import (
	"context"
	"errors"

	"github.com/netns-go/netns/stages"
)

// A Factory makes namespaces as [Dir.Create] does, with the same guarantees, but keeps its children: for many namespaces, one
// after another. It is safe for concurrent use. A child that waits holds no namespace; a child that dies is replaced. What the
// program's own stages leave in a child, such as open files, stays until the Factory is closed.
type Factory struct {
	factory *stages.Factory
	stop    func() bool
}

// NewFactory returns a Factory for [DefaultDir], see [Dir.NewFactory].
func NewFactory(ctx context.Context, o Options, children int) (*Factory, error) {
	return inDefault().NewFactory(ctx, o, children)
}

// NewFactory returns a Factory that makes namespaces in this directory by these options. At most as many transactions as
// children run at once; the number of processors is a good choice. The Factory is closed when the context ends.
//
// It returns what [Check] returns for the options. From, Replace, KeepOnFail and Progress are refused.
func (d *Dir) NewFactory(ctx context.Context, o Options, children int) (*Factory, error) {
	if o.From != nil || o.Replace || o.KeepOnFail || o.Progress != nil {
		return nil, errors.New("a factory has no From, Replace, KeepOnFail and Progress")
	}
	factory, err := stages.NewFactory(d.path, o.plan(nil).Steps, children)
	if err != nil {
		return nil, err
	}
	return &Factory{factory, context.AfterFunc(ctx, factory.Close)}, nil
}

// Create makes namespaces in one transaction, once a child is free. It returns what [Dir.Create] returns, or an error that
// matches fs.ErrClosed if the Factory is closed.
func (f *Factory) Create(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return errors.New("no names")
	}
	return f.factory.Run(ctx, names)
}

// New makes one namespace, as [Factory.Create] does, and returns it open. The child hands it over, as for [Dir.New].
func (f *Factory) New(ctx context.Context, name string) (*Namespace, error) {
	file, err := f.factory.New(ctx, name)
	if err != nil {
		return nil, err
	}
	return opened(file.Name(), file, nil)
}

// Close waits for the running transactions and ends the children. Namespaces stay. It may be called again. If a child does not
// die of SIGKILL, because its cgroup is frozen, Close waits only a few seconds, and reaps the child later.
func (f *Factory) Close() {
	f.stop()
	f.factory.Close()
}
