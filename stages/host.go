//go:build linux

package stages

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A child recognises itself by its name, the token and the inherited socket, all three.
const (
	entryPoint = "netns-stage" // argv[0]
	tokenVar   = "NETNS_STAGE" // the plan's stages, separated by spaces
	anewMark   = "+"           // begins the token of a child that has started itself anew, see dropInherited

	socketFD = 3
)

// The reasons why this process must not start itself again.
var (
	errChild = errors.New("not in a child that makes namespaces itself")
	errHost  = errors.New("the host of this Go code is not a plain Go program (a c-shared library, or a plugin): " +
		"started again it would run its own main instead of the stages; run the netns command instead")
	errSecure = errors.New("not in a set-user-ID program or one with file capabilities (AT_SECURE): its user could " +
		"have prepared what it inherits; run it as root instead")
)

// awaited has the stages of the plan that are not registered yet. It is nil in a process that is not a child.
var awaited = inherited()

// plainHost reports whether this process can start itself again; see errHost.
var plainHost bool

// inherited returns the stages that the token names, and removes the token so that no other process inherits it. A process
// that was started as a child and cannot be one ends here.
func inherited() map[string]bool {
	token, ok := os.LookupEnv(tokenVar)
	if !ok || len(os.Args) != 1 || os.Args[0] != entryPoint {
		return nil
	}
	os.Unsetenv(tokenVar)
	family, err := unix.GetsockoptInt(socketFD, unix.SOL_SOCKET, unix.SO_DOMAIN)
	switch {
	case secure():
		err = errSecure
	case err == nil && family != unix.AF_UNIX:
		err = unix.EAFNOSUPPORT
	case err == nil:
		err = dropInherited(token)
	}
	if err != nil { // otherwise the program's own main would run in what was meant to be a child
		fmt.Fprintf(os.Stderr, "%s: start as a child: %v\n", entryPoint, err)
		os.Exit(2)
	}
	names := map[string]bool{}
	for _, name := range strings.Fields(strings.TrimPrefix(token, anewMark)) {
		names[name] = true
	}
	return names
}

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

// mayStart returns an error if a child of this process would not dispatch, or must not.
func mayStart() error {
	switch {
	case awaited != nil:
		return errChild
	case !plainHost:
		return errHost
	case secure():
		return errSecure
	}
	return nil
}

// atSecure is AT_SECURE of linux/auxvec.h.
const atSecure = 23

// secure reports whether the kernel set AT_SECURE: the program has privileges that its caller lacks (getauxval(3)).
func secure() bool {
	auxv, _ := unix.Auxv()
	return slices.ContainsFunc(auxv, func(entry [2]uintptr) bool { return entry[0] == atSecure && entry[1] != 0 })
}

// tooLate reports whether a child of this process would not reach a stage that is registered now. A child itself checks no
// plan, so there the answer is always no.
func tooLate() bool { return awaited == nil && !atStart() }

// atStart reports whether runtime.main is initialising packages, on the main thread, and not plugin.Open or a call from
// main.main. Only then will this executable, if it is started again, come here too, and before its main.
func atStart() bool {
	if unix.Gettid() != unix.Getpid() {
		return false
	}
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for {
		frame, more := frames.Next()
		switch frame.Function {
		case "plugin.Open", "main.main":
			return false
		case "runtime.main":
			return true
		}
		if !more {
			return false
		}
	}
}
