//go:build linux

package stages

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// If the kernel refuses a fork, the error names the limits that may be the reason.
func TestStartErrorNamesTheLimit(t *testing.T) {
	for errno, want := range map[error]string{
		unix.EAGAIN: "ulimit -u", unix.ENOMEM: "memory.max", unix.EMFILE: "too many open files",
	} {
		err := startError(&os.PathError{Op: "fork/exec", Path: "/proc/self/exe", Err: errno})
		if !errors.Is(err, errno) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "start the child: ") {
			t.Errorf("%v", err)
		}
	}
}
