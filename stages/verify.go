//go:build linux

package stages

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

type verify struct{ Inside }

func decodeVerify([]byte) (Stage, error) { return verify{}, nil }

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
		err := family.echo(echoUsual)
		if err == nil || !family.answers() {
			continue
		}
		if errors.Is(err, unix.ETIMEDOUT) {
			err = family.echo(echoPatience)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// An answer comes within microseconds: after echoUsual, it is asked whether there is to be one, and after echoPatience there
// is none.
const (
	echoUsual    = 20 * time.Millisecond
	echoPatience = 2 * time.Second
)

// answers says whether lo is to answer in a family. It is asked only after an echo that failed: to find a file below
// /proc/sys/net, the kernel goes through those of the same name of all namespaces (proc_sys_compare).
func (f *echoFamily) answers() bool {
	if f.off != "" {
		// Without IPv6 in the kernel there is no such file.
		if off, err := sysctlValue(f.off); err != nil || off != "0" {
			return false
		}
	}
	return !isOn(f.ignore)
}

func isOn(key string) bool {
	value, err := sysctlValue(key)
	return err == nil && value != "0"
}

func sysctlValue(key string) (string, error) {
	value, err := os.ReadFile("/proc/sys/net/" + key)
	return strings.TrimSpace(string(value)), err
}
