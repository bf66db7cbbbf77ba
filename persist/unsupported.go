//go:build !linux

package persist

import (
	"context"
	"errors"
	"iter"
	"os"
	"runtime"
)

// What there is on Linux only, and documented there.

func unsupported() error {
	return &UnsupportedError{"network namespaces are Linux's, and this is " + runtime.GOOS + "; run it on Linux", errors.ErrUnsupported}
}

func CheckTrust(string) error                                          { return unsupported() }
func HasCapability(int) bool                                           { return false }
func Needs(_ int, _ string, err error) error                           { return err }
func Open(string) (*Store, error)                                      { return nil, unsupported() }
func OpenPID(int) (*os.File, error)                                    { return nil, unsupported() }
func OpenPath(string) (*os.File, error)                                { return nil, unsupported() }
func Prepare(context.Context, string) (*Store, error)                  { return nil, unsupported() }
func Recover(context.Context, string, bool) ([]Finding, error)         { return nil, unsupported() }
func (*Store) Claim([]string) (*Claim, error)                          { return nil, unsupported() }
func (*Store) Delete(context.Context, string, bool) error              { return unsupported() }
func (*Store) DeleteNamespace(context.Context, string, *os.File) error { return unsupported() }
func (*Store) HiddenFromInit(string) bool                              { return false }
func (*Store) IsCurrent() bool                                         { return false }
func (*Store) Lookup(string) (Entry, error)                            { return Entry{}, unsupported() }
func (*Store) Names() ([]string, error)                                { return nil, unsupported() }
func (*Store) NamesOf(*os.File) ([]string, error)                      { return nil, unsupported() }
func (*Store) Namespace(context.Context, string) (*os.File, error)     { return nil, unsupported() }
func (*Store) Repair(context.Context, string) error                    { return unsupported() }
func (*Store) Reserve(context.Context, string) error                   { return unsupported() }
func (*Claim) Committed() (bool, error)                                { return false, unsupported() }
func (*Claim) Done() error                                             { return unsupported() }
func (*Claim) Keep(string, string) error                               { return unsupported() }
func (*Claim) Link(string) error                                       { return unsupported() }
func (*Claim) Mount(string, *os.File) error                            { return unsupported() }
func (*Claim) Published() (bool, error)                                { return false, unsupported() }
func (*Claim) Withdraw(string) error                                   { return unsupported() }

func Watch(context.Context, string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) { yield(Change{}, unsupported()) }
}
