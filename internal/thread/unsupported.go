//go:build !linux

package thread

import "github.com/netns-go/netns/persist"

// These functions need Linux. They are documented there.

func Hold(ns Namespace, f func(fd int) error) error { return persist.Unsupported() }

func CheckOpen(ns Namespace) error { return persist.Unsupported() }

func Visit(ns Namespace, f func() error) error { return persist.Unsupported() }

func Lend(f func(enter func(Namespace) error) error) error { return persist.Unsupported() }
