//go:build linux

package holders

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/sys/mountinfo"
	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/internal/thread"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// CheckSight returns an error if /proc could hide from the caller a process that is in any of the given namespaces:
//   - /proc is mounted with hidepid, and hides other users' processes: a *[netns.PrivilegeError] if CAP_SYS_PTRACE would show
//     them, otherwise a *[HiddenError]
//   - /proc is not mounted: a *[netns.UnsupportedError]
//   - /proc does not show the caller, because it is of another PID namespace: a *[HiddenError]
//   - the caller is in a container, a PID namespace that is not the machine's first, and the namespace was not made by this
//     module in the container's mount namespace, so it may be known outside: a *[HiddenError]
//
// It cannot know whether a process outside of the container has entered a namespace that was made in the container. CheckSight
// does not look at the processes. If /proc shows a process but the caller may not look into it, [Kill] returns an error and
// [Of] leaves it out.
func CheckSight(namespaces ...*netns.Namespace) error {
	if err := checkOpen(namespaces); err != nil {
		return err
	}
	if selfInProc() == 0 {
		_, err := os.Lstat("/proc/self")
		if err = persist.NeedsProc(err); errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		return &HiddenError{"/proc", "it does not show this process, so it is not mounted, or belongs to another PID namespace"}
	}
	if len(namespaces) == 0 {
		return nil
	}
	if err := checkHidepid(namespaces[0].Path()); err != nil || showsMachine() {
		return err
	}
	for _, ns := range namespaces {
		if err := checkMadeHere(ns); err != nil {
			return err
		}
	}
	return nil
}

// CheckComplete returns an error if [Of], [Processes] and [InUse] leave out processes that are in the caller's PID namespace:
// because /proc is not mounted, belongs to another PID namespace or hides processes, with the errors of [CheckSight]; or because
// the caller may not look into a process: a *[netns.PrivilegeError] if CAP_SYS_PTRACE is missing, otherwise a *[HiddenError].
func CheckComplete(ctx context.Context) error {
	if err := CheckSight(); err != nil {
		return err
	}
	if err := checkHidepid("/proc"); err != nil {
		return err
	}
	_, refused, err := eachProcess(ctx, func(p *process) error {
		_, err := p.link("ns/net")
		return err
	})
	if err != nil || refused == nil {
		return err
	}
	return unseen("/proc", refused)
}

// checkHidepid returns an error if /proc hides the processes that the caller may not trace, see proc(5).
func checkHidepid(path string) error {
	capable := persist.HasCapability(unix.CAP_SYS_PTRACE)
	if capable && sys.UserNamespace() == sys.FirstUserNS {
		return nil
	}
	option, err := hidepid()
	switch {
	case err != nil:
		return &HiddenError{path, fmt.Sprintf("whether /proc hides processes cannot be seen: %v", err)}
	case option == "":
		return nil
	case !capable:
		return persist.Needs(unix.CAP_SYS_PTRACE, "seeing other users' processes",
			fmt.Errorf("%s: /proc is mounted with %s: %w", path, option, unix.EPERM))
	}
	return &HiddenError{path, "/proc is mounted with " + option + ", and hides the processes of other user namespaces"}
}

// hidepid returns the mount option of /proc that hides processes, or "".
func hidepid() (string, error) {
	f, err := sys.Open("/proc", unix.O_PATH)
	if err != nil {
		return "", err
	}
	defer f.Close()
	id, err := sys.MountID(f)
	if err != nil {
		return "", err
	}
	proc, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) { return m.ID != id, m.ID == id })
	if err != nil {
		return "", err
	}
	if len(proc) == 0 {
		return "", errors.New("its mount is not in mountinfo")
	}
	for option := range strings.SplitSeq(proc[0].VFSOptions, ",") {
		if strings.HasPrefix(option, "hidepid=") && option != "hidepid=0" && option != "hidepid=off" {
			return option, nil
		}
	}
	return "", nil
}

// showsMachine reports whether /proc is of the machine's first PID namespace, which has all processes. /proc shows this process.
// So if this process is in the first PID namespace, /proc is of that too: no other PID namespace has this process.
func showsMachine() bool {
	return sys.Inode("/proc/self/ns/pid") == sys.FirstPIDNS || sys.Inode("/proc/1/ns/pid") == sys.FirstPIDNS
}

// checkMadeHere returns a *HiddenError unless a namespace has a name that was made in this container.
func checkMadeHere(ns *netns.Namespace) error {
	here, err := isMadeHere(ns)
	_, isPrivilege := errors.AsType[*netns.PrivilegeError](err)
	switch {
	case isPrivilege:
		return err
	case err != nil:
		return &HiddenError{ns.Path(), fmt.Sprintf("/proc shows the processes of a container only, and whether the "+
			"namespace was made in it cannot be seen: %v", err)}
	case !here:
		return &HiddenError{ns.Path(), "/proc shows the processes of a container only, and the namespace was not made in it"}
	}
	return nil
}

// isMadeHere reports whether a namespace has a name that was made in this container.
func isMadeHere(ns *netns.Namespace) (here bool, err error) {
	store, err := persist.Open(filepath.Dir(ns.Path()))
	if err != nil {
		return false, err
	}
	defer store.Close()
	err = thread.Hold(open(ns), func(fd int) error {
		here, err = store.IsMadeHere(filepath.Base(ns.Path()), fd)
		return err
	})
	return here, err
}

// open returns a namespace for package thread.
func open(ns *netns.Namespace) thread.Namespace {
	return thread.Namespace{Path: ns.Path(), ID: ns.ID(), SyscallConn: ns.SyscallConn}
}

// unseen returns the error for a process that the caller may not look into.
func unseen(path string, refused error) error {
	const purpose = "finding the processes in a network namespace"
	if !persist.HasCapability(unix.CAP_SYS_PTRACE) {
		return persist.Needs(unix.CAP_SYS_PTRACE, purpose, refused)
	}
	return &HiddenError{path, fmt.Sprintf("%v, although CAP_SYS_PTRACE is there; a security module may refuse it", refused)}
}

// netInode returns the inode of /proc/PID/net/dev for the processes in a namespace. That file needs no privilege, so it tells the
// namespace of a process whose links the caller may not read.
func netInode(ns *netns.Namespace) (inode uint64, err error) {
	err = thread.Visit(open(ns), func() error {
		inode = sys.Inode("/proc/thread-self/net/dev")
		return nil
	})
	if err == nil && inode == 0 {
		err = &fs.PathError{Op: "stat", Path: "/proc/thread-self/net/dev", Err: fs.ErrNotExist}
	}
	return inode, err
}

// isIn reports whether a process, by its directory in /proc, is in a namespace.
func isIn(ns *netns.Namespace, proc string) (bool, error) {
	link, err := os.Readlink(proc + "/ns/net")
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err == nil && link == thread.Link(ns.ID()), nil
	}
	own, netErr := netInode(ns)
	if netErr != nil {
		return false, err
	}
	return sys.Inode(proc+"/net/dev") == own, nil
}

// checkOpen returns an error that matches os.ErrClosed if any of the given namespaces is closed.
func checkOpen(namespaces []*netns.Namespace) error {
	for _, ns := range namespaces {
		if err := thread.CheckOpen(open(ns)); err != nil {
			return err
		}
	}
	return nil
}
