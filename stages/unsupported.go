//go:build !linux

package stages

import (
	"context"
	"os"

	"github.com/netns-go/netns/persist"
)

// The Linux files document what is exported here.

// unsupported returns the *[persist.UnsupportedError] that package persist returns for everything.
func unsupported() error { return persist.Unsupported() }

// mayStart returns an error, so that no plan can be run.
func mayStart() error { return unsupported() }

// tooLate returns false: there is no child.
func tooLate() bool { return false }

// dispatch does nothing: no process is a child.
func dispatch(registered string) {}

func Run(ctx context.Context, dir string, plan *Plan) error { return unsupported() }

func New(ctx context.Context, dir string, plan *Plan) (*os.File, error) { return nil, unsupported() }

func Here(steps ...Step) (err error) { return unsupported() }

type Factory struct{}

func NewFactory(dir string, steps []Step, children int) (*Factory, error) { return nil, unsupported() }

func (f *Factory) Run(ctx context.Context, names []string) error { return unsupported() }

func (f *Factory) New(ctx context.Context, name string) (*os.File, error) { return nil, unsupported() }

func (f *Factory) Close() {}
