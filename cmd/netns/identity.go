package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

// An identity is as whom a command runs.
type identity struct {
	uid, gid int      // -1 if it stays as it is
	groups   []int    // the further ones, if uid does not stay
	env      []string // what tells the command who it is
}

// callers is the identity of the caller.
var callers = identity{uid: -1, gid: -1}

// lookUpIdentity reads --user and --group. Names are those of the caller's /etc/passwd and /etc/group.
func lookUpIdentity(c *cli.Context) (id identity, err error) {
	id = callers
	name, group, hasGroup := strings.Cut(c.String("user"), ":")
	if hasGroup && c.IsSet("group") {
		return id, usageError{"--user names a group already, and --group another one"}
	}
	if !hasGroup {
		group, hasGroup = c.String("group"), c.IsSet("group")
	}
	if c.IsSet("user") {
		if err := id.lookUpUser(name, hasGroup); err != nil {
			return id, fmt.Errorf("--user %q: %w", c.String("user"), err)
		}
	}
	if hasGroup {
		if id.gid, err = lookUpGroup(group); err != nil {
			return id, fmt.Errorf("group %q: %w", group, err)
		}
	}
	return id, nil
}

func (id *identity) lookUpUser(name string, hasGroup bool) error {
	os.Unsetenv("USER") // where passwd lacks the caller, os/user would take this for the caller's name
	u, err := user.Lookup(name)
	if err == nil {
		groups, err := u.GroupIds()
		if err != nil {
			return err
		}
		for _, group := range groups {
			gid, err := number(group)
			if err != nil {
				return err
			}
			id.groups = append(id.groups, gid)
		}
	} else {
		uid, numberErr := number(name)
		if numberErr != nil {
			return err
		}
		u, err = user.LookupId(strconv.Itoa(uid))
		if err != nil && !hasGroup {
			return fmt.Errorf("%w; name its group as well, %d:GROUP", err, uid)
		}
		if err != nil {
			id.uid, id.env = uid, []string{"HOME=/", "USER=" + name, "LOGNAME=" + name}
			return nil
		}
	}
	id.env = []string{"HOME=" + u.HomeDir, "USER=" + u.Username, "LOGNAME=" + u.Username}
	if id.uid, err = number(u.Uid); err == nil {
		id.gid, err = number(u.Gid)
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
		return -1, err
	}
	return gid, nil
}

// number returns the number of a user or group. The largest means none to the kernel.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err
}

// assume changes the process's user and groups for good. With the caller's user the calling thread, which is to become the
// command, also leaves the capabilities that this user was given: setuid(2) takes them away only from root.
func (id identity) assume() error {
	leaves := id.uid >= 0 && (id.uid != os.Getuid() || id.uid != os.Geteuid())
	if id.uid >= 0 {
		if err := syscall.Setgroups(id.groups); err != nil {
			return mayBecome("setgroups", unix.CAP_SETGID, err)
		}
	}
	if id.gid >= 0 {
		if err := syscall.Setgid(id.gid); err != nil {
			return mayBecome("setgid", unix.CAP_SETGID, err)
		}
	}
	if id.uid >= 0 {
		if err := syscall.Setuid(id.uid); err != nil {
			return mayBecome("setuid", unix.CAP_SETUID, err)
		}
	}
	if leaves {
		return dropCapabilities()
	}
	return nil
}

// dropCapabilities empties the calling thread's permitted, effective and inheritable sets, and with them the ambient one.
// Whatever securebits say (capabilities(7)), execve then gives an ordinary user none, and root all.
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
	return netns.Explain(capability, "running a command as another user or group", "", err)
}

// deniesGroups reports whether setgroups(2) is denied to everybody in this user namespace (user_namespaces(7)).
func deniesGroups() bool {
	text, err := os.ReadFile("/proc/self/setgroups")
	return err == nil && strings.TrimSpace(string(text)) == "deny"
}
