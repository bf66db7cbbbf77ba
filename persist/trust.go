//go:build linux

package persist

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// CheckTrust returns a *[TrustError] unless everything on the way to a file or directory, links included, belongs to root
// or to us, and nobody else may write to it, or only as in /tmp: sticky, so that nobody can exchange what is another's. To
// the last one nobody else may write at all; if that is a link, it is not followed. Otherwise the error is that of
// lstat(2). The path must be absolute.
func CheckTrust(path string) error {
	at, todo, links := "/", strings.Split(path, "/"), 0
	for {
		for len(todo) > 0 && (todo[0] == "" || todo[0] == ".") {
			todo = todo[1:]
		}
		var st unix.Stat_t
		if err := again(func() error { return unix.Lstat(at, &st) }); err != nil {
			return pathError("open", at, err)
		}
		if reason := distrust(&st, len(todo) == 0); reason != "" {
			return &TrustError{at, reason}
		}
		if st.Mode&unix.S_IFMT == unix.S_IFLNK && len(todo) > 0 {
			target, err := os.Readlink(at)
			if err != nil {
				return err
			}
			if links++; links > 40 { // as the kernel's own limit, path_resolution(7)
				return pathError("open", path, unix.ELOOP)
			}
			if at = filepath.Dir(at); filepath.IsAbs(target) {
				at = "/"
			}
			todo = append(strings.Split(target, "/"), todo...)
		}
		if len(todo) == 0 {
			return nil
		}
		at, todo = filepath.Join(at, todo[0]), todo[1:]
	}
}

// distrust says why a file on the way cannot be trusted, or "".
func distrust(st *unix.Stat_t, last bool) string {
	link := st.Mode&unix.S_IFMT == unix.S_IFLNK
	switch {
	case !isOurs(st.Uid):
		return fmt.Sprintf("it belongs to user %d", st.Uid)
	case link, st.Mode&0o002 == 0 && (st.Mode&0o020 == 0 || st.Gid == 0):
		return ""
	case last:
		return fmt.Sprintf("others may write to it (mode %04o)", st.Mode&0o7777)
	case st.Mode&unix.S_ISVTX == 0:
		return fmt.Sprintf("others may write to it (mode %04o), and so exchange what is in it", st.Mode&0o7777)
	}
	return ""
}

// overflowUID is how a user namespace shows users that it has no number for (user_namespaces(7)).
const overflowUID = 65534

// isOurs says whether a file's owner is root or ourselves. In a user namespace of its own root may have no number; then
// what has no number is trusted, since all that we could harm by it is ours.
func isOurs(uid uint32) bool {
	if uid == 0 || int(uid) == os.Geteuid() {
		return true
	}
	return uid == overflowUID && inUserNamespace()
}

// inUserNamespace says whether this process is in another user namespace than the machine's first.
func inUserNamespace() bool {
	uidMap, err := os.ReadFile("/proc/self/uid_map")
	fields := strings.Fields(string(uidMap))
	return err == nil && (len(fields) != 3 || fields[2] != "4294967295")
}
