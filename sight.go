//go:build linux

package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/sys/mountinfo"
	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// CheckSight returns an error if a process could be in one of some open namespaces, and /proc would not show it to the
// caller:
//   - /proc is mounted with hidepid, and hides other users' processes: a *[PrivilegeError] if CAP_SYS_PTRACE would show
//     them, else a *[HiddenError]
//   - there is no /proc, or it does not show the caller, as that of another PID namespace: a *[HiddenError]
//   - the caller is in a container, a PID namespace that is not the machine's first, and the namespace was not made by this
//     module in the container's mount namespace, so that it may be known outside: a *[HiddenError]
//
// What cannot be known is whether a process outside of the container has entered a namespace that was made in it.
// CheckSight does not look at the processes, of which some may be shown, but not be looked into: [Kill] returns an error
// then, and [Holders] leaves them out.
func CheckSight(namespaces ...*Namespace) error {
	if err := checkOpen(namespaces...); err != nil {
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
	path := namespaces[0].path
	if err := checkHidepid(path); err != nil {
		return err
	}
	if showsMachine() {
		return nil
	}
	return checkMadeHere(namespaces)
}

// checkHidepid returns an error if /proc hides what the caller may not trace, see proc(5).
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

// hidepid returns the option with which /proc is mounted if that hides processes, or "".
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

// showsMachine reports whether /proc, which shows this process, belongs to the machine's first PID namespace, which has all
// processes. If this process is in that, no other one's shows it.
func showsMachine() bool {
	return inodeOf("/proc/self/ns/pid") == sys.FirstPIDNS || inodeOf("/proc/1/ns/pid") == sys.FirstPIDNS
}

// inodeOf returns the inode of a file, or 0.
func inodeOf(path string) uint64 {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0
	}
	return st.Ino
}

// checkMadeHere returns a *HiddenError unless each of some namespaces has a name that was made in this container.
func checkMadeHere(namespaces []*Namespace) error {
	names, shown := map[string][]string{}, map[string][]int{} // by directory
	for _, ns := range namespaces {
		dir, name := filepath.Split(ns.path)
		names[dir], shown[dir] = append(names[dir], name), append(shown[dir], ns.Fd())
	}
	for dir := range names {
		store, err := persist.Open(filepath.Clean(dir))
		first := ""
		if err == nil {
			first, err = store.MadeElsewhere(names[dir], shown[dir])
			store.Close()
		}
		var privilege *PrivilegeError
		switch {
		case errors.As(err, &privilege):
			return err
		case err != nil:
			return &HiddenError{dir + names[dir][0], fmt.Sprintf("/proc shows the processes of a container only, and whether the "+
				"namespace was made in it cannot be seen: %v", err)}
		case first != "":
			return &HiddenError{dir + first, "/proc shows the processes of a container only, and the namespace was not made in it"}
		}
	}
	return nil
}

// unseen explains why a process may not be looked into.
func unseen(path string, refused error) error {
	const purpose = "finding the processes in a network namespace"
	if !persist.HasCapability(unix.CAP_SYS_PTRACE) {
		return persist.Needs(unix.CAP_SYS_PTRACE, purpose, refused)
	}
	return &HiddenError{path, fmt.Sprintf("%v, although CAP_SYS_PTRACE is there; a security module may refuse it", refused)}
}

// netInode returns the inode that /proc/PID/net/dev has for processes in the namespace. No privilege is asked for that
// file, so it tells of what is in the namespace where links of /proc may not be read.
func (n *Namespace) netInode() (inode uint64, err error) {
	err = n.visit(func() error {
		inode = inodeOf("/proc/thread-self/net/dev")
		return nil
	})
	if err == nil && inode == 0 {
		err = &fs.PathError{Op: "stat", Path: "/proc/thread-self/net/dev", Err: fs.ErrNotExist}
	}
	return inode, err
}

// isIn reports whether a process, by its directory in /proc, is in the namespace.
func (n *Namespace) isIn(proc string) (bool, error) {
	link, err := os.Readlink(proc + "/ns/net")
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err == nil && link == n.link(), nil
	}
	own, netErr := n.netInode()
	if netErr != nil {
		return false, err
	}
	return inodeOf(proc+"/net/dev") == own, nil
}
