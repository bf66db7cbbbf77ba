package inside

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// An Identity is the user and the groups of a command. The zero Identity is the caller's.
type Identity struct {
	user, group *int     // nil keeps the caller's
	groups      []int    // the user's further groups
	env         []string // HOME, USER and LOGNAME of the user
}

// LookUp returns the identity of a user and a group, by name or number, from the caller's /etc/passwd and /etc/group. Each may
// be nil, which keeps the caller's. A user without a group has the groups of /etc/passwd and /etc/group.
func LookUp(user, group *string) (id Identity, err error) {
	if user != nil {
		if err := id.lookUpUser(*user, group != nil); err != nil {
			return id, fmt.Errorf("--user %q: %w", *user, err)
		}
	}
	if group != nil {
		gid, err := lookUpGroup(*group)
		if err != nil {
			return id, fmt.Errorf("group %q: %w", *group, err)
		}
		id.group = &gid
	}
	return id, nil
}

func (id *Identity) lookUpUser(name string, hasGroup bool) error {
	os.Unsetenv("USER") // if passwd lacks the caller, os/user takes this for the caller's name
	u, err := user.Lookup(name)
	if err == nil {
		return cmp.Or(id.takeGroups(u), id.take(u))
	}
	uid, numberErr := number(name)
	if numberErr != nil {
		return err
	}
	u, err = user.LookupId(strconv.Itoa(uid))
	switch {
	case err == nil:
		return id.take(u)
	case !hasGroup:
		return fmt.Errorf("%w; name its group as well, %d:GROUP", err, uid)
	}
	id.user, id.env = &uid, []string{"HOME=/", "USER=" + name, "LOGNAME=" + name}
	return nil
}

// take sets the user, with the user's own group and environment.
func (id *Identity) take(u *user.User) error {
	uid, userErr := number(u.Uid)
	gid, groupErr := number(u.Gid)
	id.user, id.group = &uid, &gid
	id.env = []string{"HOME=" + u.HomeDir, "USER=" + u.Username, "LOGNAME=" + u.Username}
	return cmp.Or(userErr, groupErr)
}

// takeGroups sets the further groups of a user.
func (id *Identity) takeGroups(u *user.User) error {
	groups, err := u.GroupIds()
	for _, group := range groups {
		gid, numberErr := number(group)
		id.groups, err = append(id.groups, gid), cmp.Or(err, numberErr)
	}
	return err
}

func lookUpGroup(name string) (int, error) {
	g, err := user.LookupGroup(name)
	if err == nil {
		return number(g.Gid)
	}
	gid, numberErr := number(name)
	if numberErr != nil {
		return 0, err
	}
	return gid, nil
}

// number returns the number of a user or group. The largest 32-bit number means none to the kernel, and is refused.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err
}

// assume changes the process's user and groups for good. If the user changes, the calling thread, which becomes the command,
// also drops the capabilities that the caller was given: setuid(2) takes them away only from root.
func (id Identity) assume() error {
	leaves := id.user != nil && (*id.user != os.Getuid() || *id.user != os.Geteuid())
	if id.user != nil {
		if err := syscall.Setgroups(id.groups); err != nil {
			return mayBecome("setgroups", unix.CAP_SETGID, err)
		}
	}
	if id.group != nil {
		if err := syscall.Setgid(*id.group); err != nil {
			return mayBecome("setgid", unix.CAP_SETGID, err)
		}
	}
	if id.user != nil {
		if err := syscall.Setuid(*id.user); err != nil {
			return mayBecome("setuid", unix.CAP_SETUID, err)
		}
	}
	if leaves {
		return dropCapabilities()
	}
	return nil
}

// dropCapabilities empties the calling thread's permitted, effective and inheritable sets, and so the ambient one. For any
// securebits (capabilities(7)), execve then gives an ordinary user no capability, and root all.
func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return os.NewSyscallError("capset", unix.Capset(&header, &none[0]))
}

func mayBecome(call string, capability int, err error) error {
	err = os.NewSyscallError(call, err)
	switch {
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("%w: this user namespace has no such user or group", err)
	case call == "setgroups" && errors.Is(err, fs.ErrPermission) && deniesGroups():
		return fmt.Errorf("%w: this user namespace lets nobody change groups (/proc/self/setgroups)", err)
	}
	return persist.Explain(capability, "running a command as another user or group", "", err)
}

// deniesGroups reports whether this user namespace denies setgroups(2) to all its processes (user_namespaces(7)).
func deniesGroups() bool {
	text, err := os.ReadFile("/proc/self/setgroups")
	return err == nil && strings.TrimSpace(string(text)) == "deny"
}
