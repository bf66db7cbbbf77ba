//go:build linux

package stages

import (
	"fmt"
	"os"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

type loopback struct{ Inside }

func (loopback) Do(*Target) error {
	return onLoopback(func(socket int, lo *unix.Ifreq) error {
		lo.SetUint16(lo.Uint16() | unix.IFF_UP)
		err := os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo))
		if err != nil {
			err = fmt.Errorf("set lo up: %w", err)
		}
		return persist.Needs(unix.CAP_NET_ADMIN, "bringing lo up", err)
	})
}

// onLoopback calls f with a socket in the thread's namespace and the flags of its lo (netdevice(7)).
func onLoopback(f func(socket int, lo *unix.Ifreq) error) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, lo); err != nil {
		return fmt.Errorf("find lo: %w", os.NewSyscallError("ioctl SIOCGIFFLAGS", err))
	}
	return f(socket, lo)
}
