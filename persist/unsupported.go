//go:build !linux

package persist

import (
	"context"
	"errors"
	"iter"
	"os"
	"runtime"
)

// What there is on Linux only. It is documented there.

func unsupported() error {
	return &UnsupportedError{"network namespaces are Linux's, and this is " + runtime.GOOS + "; run it on Linux", errors.ErrUnsupported}
}

func HasCapability(capability int) bool { return false }

func Needs(capability int, purpose string, err error) error { return err }

func Explain(capability int, purpose, limit string, err error) error { return err }

func CheckTrust(path string) error { return unsupported() }

func OpenTrusted(path string) (*os.File, error) { return nil, unsupported() }

func OpenPath(path string) (*os.File, error) { return nil, unsupported() }

func OpenPID(pid int) (*os.File, error) { return nil, unsupported() }

func NeedsProc(err error) error { return err }

func Watch(ctx context.Context, dir string, existing bool) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) { yield(Change{}, unsupported()) }
}

func Recover(ctx context.Context, dir string, dry bool) ([]Finding, error) { return nil, unsupported() }

func Prepare(ctx context.Context, dir string) (*Store, error) { return nil, unsupported() }

func Open(dir string) (*Store, error) { return nil, unsupported() }

func (s *Store) IsCurrent() bool { return false }

func (s *Store) HiddenFromInit(name string) bool { return false }

func (s *Store) Names() ([]string, error) { return nil, unsupported() }

func (s *Store) NamesOf(ns *os.File) ([]string, error) { return nil, unsupported() }

func (s *Store) Lookup(name string) (Entry, error) { return Entry{}, unsupported() }

func (s *Store) LookupOpen(name string) (Entry, *os.File, error) {
	return Entry{}, nil, unsupported()
}

func (s *Store) Namespace(ctx context.Context, name string) (ns *os.File, err error) {
	return nil, unsupported()
}

func (s *Store) Delete(ctx context.Context, name string, force bool) error { return unsupported() }

func (s *Store) DeleteNames(ctx context.Context, names []string, force bool) (shown []*os.File, err error) {
	return nil, unsupported()
}

func (s *Store) DeleteShown(ctx context.Context, name string, shown *os.File) error {
	return unsupported()
}

func (s *Store) MadeElsewhere(names []string, shown []*os.File) (string, error) {
	return "", unsupported()
}

func (s *Store) Repair(ctx context.Context, name string) error { return unsupported() }

func (s *Store) Reserve(ctx context.Context, name string) error { return unsupported() }

func (s *Store) Claim(names []string) (c *Claim, err error) { return nil, unsupported() }

func (c *Claim) Link(name string) error { return unsupported() }

func (c *Claim) Mount(name string, ns *os.File) error { return unsupported() }

func (c *Claim) Withdraw(name string) error { return unsupported() }

func (c *Claim) Published() (bool, error) { return false, unsupported() }

func (c *Claim) Done() error { return unsupported() }

func (c *Claim) Keep(name, stage string) error { return unsupported() }

func (c *Claim) Committed() (bool, error) { return false, unsupported() }

func (s *Store) Deletable(ctx context.Context, name string) (shown *os.File, err error) {
	return nil, unsupported()
}

func (s *Store) CheckShown(name string, shown *os.File) error { return unsupported() }
