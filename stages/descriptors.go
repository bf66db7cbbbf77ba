//go:build linux

package stages

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// anewMark begins the token of a child that has started itself anew, see dropInherited.
const anewMark = "+"

// dropInherited rids a child of the parent's descriptors that are not close-on-exec there. Otherwise a Factory's child would
// keep the parent's pipes and listeners open for as long as it lives. It cannot close them here: C code, or a package that was
// initialised before this one, may have opened some of them in the child. So it marks all of them close-on-exec and starts the
// child anew, once, and such code opens its own again.
func dropInherited(token string) error {
	if strings.HasPrefix(token, anewMark) {
		return nil
	}
	found, err := markInherited()
	if err != nil || !found {
		return err
	}
	const self = "/proc/self/exe"
	env := append(os.Environ(), tokenVar+"="+anewMark+token)
	return &os.PathError{Op: "exec", Path: self, Err: unix.Exec(self, []string{entryPoint}, env)}
}

// markInherited makes all descriptors after the socket close-on-exec, and reports whether any was not.
func markInherited() (found bool, err error) {
	const path = "/proc/self/fd"
	dir, err := sys.Open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	if errors.Is(err, fs.ErrNotExist) { // nothing works without /proc, and the first call that needs it reports that
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer dir.Close()
	numbers, err := sys.Numbers(int(dir.Fd()), make([]byte, 4096))
	for _, fd := range numbers {
		if fd <= socketFD {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			found = true
			unix.CloseOnExec(fd)
		}
	}
	return found, sys.PathError("read", path, err)
}
