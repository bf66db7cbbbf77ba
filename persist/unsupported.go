//go:build !linux

package persist

import (
	"context"
	"iter"
	"os"
)

// The functions that make system calls, for other systems. The Linux files document them.

func HasCapability(capability int) bool { return false }

func Needs(capability int, purpose string, err error) error { return err }

func Explain(capability int, purpose, limit string, err error) error { return err }

func OpenTrusted(path string) (*os.File, error) { return nil, Unsupported() }

func OpenPath(path string) (*os.File, error) { return nil, Unsupported() }

func OpenPID(pid int) (*os.File, error) { return nil, Unsupported() }

func NeedsProc(err error) error { return err }

func Watch(ctx context.Context, dir string, o WatchOptions) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) { yield(Change{}, Unsupported()) }
}

func Recover(ctx context.Context, dir string, o RecoverOptions) ([]Finding, error) {
	return nil, Unsupported()
}

func Prepare(ctx context.Context, dir string) (*Store, error) { return nil, Unsupported() }

func Open(dir string) (*Store, error) { return nil, Unsupported() }

func Release(ctx context.Context, dir string) error { return Unsupported() }

func (s *Store) IsCurrent() bool { return false }

func (s *Store) HiddenFromInit(name string) bool { return false }

func (s *Store) Names() ([]string, error) { return nil, Unsupported() }

func (s *Store) NamesOf(ns *os.File) ([]string, error) { return nil, Unsupported() }

func (s *Store) Lookup(name string) (Entry, error) { return Entry{}, Unsupported() }

func (s *Store) LookupOpen(name string) (Entry, *os.File, error) {
	return Entry{}, nil, Unsupported()
}

func (s *Store) Namespace(ctx context.Context, name string) (ns *os.File, err error) {
	return nil, Unsupported()
}

func (s *Store) Delete(ctx context.Context, name string, force bool) error { return Unsupported() }

func (s *Store) DeleteNames(ctx context.Context, names []string, force bool) (shown []*os.File, err error) {
	return nil, Unsupported()
}

func (s *Store) DeleteShown(ctx context.Context, name string, shown *os.File, force bool) error {
	return Unsupported()
}

func (s *Store) IsMadeHere(name string, shown int) (bool, error) { return false, Unsupported() }

func (s *Store) Reserve(ctx context.Context, name string) error { return Unsupported() }

func (s *Store) Claim(names []string) (c *Claim, err error) { return nil, Unsupported() }

func (c *Claim) Link(name string) error { return Unsupported() }

func (c *Claim) Mount(name string, ns *os.File) error { return Unsupported() }

func (c *Claim) Withdraw(name string) error { return Unsupported() }

func (c *Claim) Done() error { return Unsupported() }

func (c *Claim) Keep(name, stage string) error { return Unsupported() }

func (c *Claim) Committed() (bool, error) { return false, Unsupported() }

func (s *Store) Deletable(ctx context.Context, name string, force bool) (shown *os.File, err error) {
	return nil, Unsupported()
}

func (s *Store) CheckShown(name string, shown *os.File) error { return Unsupported() }
