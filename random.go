//go:build linux

package netns

import (
	"context"
	"encoding/hex"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// NewRandom is [New] for a name that nobody has had before: the prefix and 32 hexadecimal digits, that is 128 random bits.
// Should the program end before it has noted the Path, nobody knows the name; where that matters, choose one and note it
// before you call New.
func NewRandom(ctx context.Context, prefix string, o Options) (*Namespace, error) {
	for {
		var random [16]byte
		if _, err := unix.Getrandom(random[:], 0); err != nil {
			return nil, os.NewSyscallError("getrandom", err)
		}
		name := prefix + hex.EncodeToString(random[:])
		ns, err := New(ctx, name, o)
		var taken *StateError // of this name, and not what a stage has met
		if !errors.As(err, &taken) || taken.Name != name {
			return ns, err
		}
	}
}
