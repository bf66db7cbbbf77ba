//go:build !linux

package thread

import (
	"os"

	"github.com/netns-go/netns/persist"
)

// These functions need Linux. They are documented there.

func ID(f *os.File) (uint64, error) { return 0, persist.Unsupported() }

func Hold(ns Namespace, f func(fd int) error) error { return persist.Unsupported() }

func CheckOpen(ns Namespace) error { return persist.Unsupported() }

func Visit(ns Namespace, f func() error) error { return persist.Unsupported() }

func Lend(f func(enter func(Namespace) error) error) error { return persist.Unsupported() }
