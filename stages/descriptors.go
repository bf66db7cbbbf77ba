//go:build linux

package stages

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// anewMark begins the token of a child that has started itself anew, see dropInherited.
const anewMark = "+"

// dropInherited rids a child of the parent's descriptors that are not close-on-exec there: a Factory's child would keep a pipe
// or a listener open for as long as it lives. It does not close them here, because C code, or a package that was initialised
// before this one, may have opened one of its own in the same way. It makes them close-on-exec and starts the child anew,
// once, in which everybody opens again what is their own.
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

// markInherited makes all descriptors after the socket close-on-exec, and reports whether any was not. It does without package
// os, which would open some for the Go runtime's poller.
func markInherited() (found bool, err error) {
	const path = "/proc/self/fd"
	dir, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT { // nor can anything else be done without /proc, which is said when it is tried
		return false, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(dir)
	var names []string
	for buffer := make([]byte, 4096); ; {
		n, err := unix.ReadDirent(dir, buffer)
		if err != nil {
			return false, &os.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			break
		}
		_, _, names = unix.ParseDirent(buffer[:n], -1, names)
	}
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err != nil || fd <= socketFD {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		found = true
		unix.CloseOnExec(fd)
	}
	return found, nil
}
