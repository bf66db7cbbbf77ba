//go:build linux

package stages

import (
	"errors"
	"fmt"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

type verify struct{ Inside }

func (verify) Do(*Target) error {
	err := onLoopback(func(_ int, lo *unix.Ifreq) error {
		if flags := lo.Uint16(); flags&unix.IFF_UP == 0 || flags&unix.IFF_RUNNING == 0 {
			return fmt.Errorf("lo is not up: its flags are %#x; a stage set it down, or none brought it up", flags)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, family := range []*echoFamily{&echo4, &echo6} {
		err := family.excused(family.echo(echoUsual))
		if errors.Is(err, unix.ETIMEDOUT) {
			err = family.echo(echoPatience)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// An answer comes within microseconds. If none has come after echoUsual, verify checks whether a sysctl forbids it, and if not,
// waits for echoPatience.
const (
	echoUsual    = 20 * time.Millisecond
	echoPatience = 2 * time.Second
)

// excused returns the error of an echo, or nil if a sysctl forbids lo to answer in this family. It reads sysctls only after an
// error: to find a file below /proc/sys/net, the kernel compares the files of the same name of all namespaces
// (proc_sys_compare). A sysctl that cannot be read, because /proc is missing or shows only processes, excuses nothing.
func (f *echoFamily) excused(echo error) error {
	if echo == nil || errors.Is(echo, unix.EAFNOSUPPORT) || isOn(f.ignore) {
		return nil
	}
	if f.off == "" {
		return echo
	}
	off, err := sys.Sysctl(f.off)
	if err != nil {
		return fmt.Errorf("%w; IPv6 may be off here, but that cannot be read: %v", echo, err) // no %w: its errno is not the echo's
	}
	if off != "0" {
		return nil
	}
	return echo
}

func isOn(sysctl string) bool {
	value, err := sys.Sysctl(sysctl)
	return err == nil && value != "0"
}
