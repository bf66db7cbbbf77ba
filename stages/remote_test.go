//go:build linux

package stages

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// What callers branch on crosses, and the text stays as it was.
func TestErrorsCross(t *testing.T) {
	cross := func(err error) error {
		m := &message{kind: kindFailed, stage: "x", err: toRemote(&Error{"a", "x", err})}
		got, decodeErr := decodeMessage(m.kind, m.encode()[headerLen:])
		if decodeErr != nil {
			t.Fatal(decodeErr)
		}
		return failure("a", got)
	}
	path := &fs.PathError{Op: "mount", Path: "/run/netns/a", Err: unix.EPERM}
	err := cross(&persist.PrivilegeError{Capability: "CAP_SYS_ADMIN", Purpose: "it", Err: path})
	var stage *Error
	if !errors.Is(err, unix.EPERM) || !errors.Is(err, fs.ErrPermission) || !errors.As(err, &stage) || stage.Stage != "x" {
		t.Errorf("%#v", err)
	}
	if !strings.Contains(err.Error(), "mount /run/netns/a: operation not permitted: it needs CAP_SYS_ADMIN") {
		t.Error(err)
	}
	var lacking *persist.PrivilegeError
	if !errors.As(err, &lacking) || lacking.Error() != "operation not permitted: it needs CAP_SYS_ADMIN" {
		t.Errorf("%#v", err)
	}
	err = cross(&persist.RefusedError{Capability: "CAP_SYS_ADMIN", Reason: "AppArmor", Err: path})
	var refused *persist.RefusedError
	if errors.As(err, &lacking) || !errors.As(err, &refused) || refused.Capability != "CAP_SYS_ADMIN" || refused.Reason != "AppArmor" {
		t.Errorf("%#v", err)
	}
	err = cross(&persist.UnsupportedError{Need: "CONFIG_NET_NS", Err: unix.EINVAL})
	var unsupported *persist.UnsupportedError
	if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, unix.EINVAL) || !errors.As(err, &unsupported) || unsupported.Need != "CONFIG_NET_NS" {
		t.Errorf("%#v", err)
	}
	want := persist.StateError{Path: "/run/netns/a", Entry: persist.Entry{Name: "a", State: persist.Ready, Inode: 7}}
	var state *persist.StateError
	if err := cross(&want); !errors.As(err, &state) || *state != want || !errors.Is(err, fs.ErrExist) {
		t.Errorf("%#v", err)
	}
	plain := cross(errors.New("plain"))
	var errno syscall.Errno
	if errors.As(plain, &errno) || errors.As(plain, &state) && state == nil || errors.Is(plain, errors.ErrUnsupported) {
		t.Errorf("%#v", plain)
	}
}
