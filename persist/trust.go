//go:build linux

package persist

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// CheckTrust returns a *[TrustError] unless everything on the way to a file or directory, links included, belongs to root
// or to us, and nobody else may write to it, or only as in /tmp: sticky, so that nobody can exchange what is another's. To
// the last one nobody else may write at all; if that is a link, CheckTrust does not follow it. A group counts as others, even
// root's: with an ACL, its bits are the mask of all users and groups that the ACL names (acl(5)). Any other error is that of
// lstat(2). The path must be absolute.
func CheckTrust(path string) error {
	_, _, err := walk(path, false)
	return err
}

// OpenTrusted makes the checks of [CheckTrust] and returns the very file that it checked last, open with O_PATH, under its
// path without links. It also follows and checks links at the end of the path.
func OpenTrusted(path string) (*os.File, error) {
	at, checked, err := walk(path, true)
	if err != nil {
		return nil, err
	}
	f, err := sys.Open(at, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return nil, err
	}
	switch st, err := sys.Fstat(f); {
	case err != nil:
		f.Close()
		return nil, err
	case st.Dev != checked.Dev || st.Ino != checked.Ino: // only root or we could do that
		f.Close()
		return nil, &TrustError{at, "it was exchanged while it was checked"}
	}
	return f, nil
}

// walk checks everything on the way to a file. It returns the file's path without links, and what that was then. Since
// nobody else can exchange anything on a way that was checked, this path stays good for a call that takes one.
func walk(path string, follow bool) (at string, st unix.Stat_t, err error) {
	at, todo, links := "/", strings.Split(path, "/"), 0
	for {
		for len(todo) > 0 && (todo[0] == "" || todo[0] == ".") {
			todo = todo[1:]
		}
		if err := sys.Again(func() error { return unix.Lstat(at, &st) }); err != nil {
			return at, st, sys.PathError("open", at, err)
		}
		if reason := distrust(&st, len(todo) == 0); reason != "" {
			return at, st, &TrustError{at, reason}
		}
		if st.Mode&unix.S_IFMT == unix.S_IFLNK && (follow || len(todo) > 0) {
			target, err := os.Readlink(at)
			if err != nil {
				return at, st, err
			}
			if links++; links > 40 { // as the kernel's own limit, path_resolution(7)
				return at, st, sys.PathError("open", path, unix.ELOOP)
			}
			if at = filepath.Dir(at); filepath.IsAbs(target) {
				at = "/"
			}
			todo = append(strings.Split(target, "/"), todo...)
		}
		if len(todo) == 0 {
			return at, st, nil
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
	case link, st.Mode&0o022 == 0:
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

// isOurs reports whether a file's owner is root or ourselves. In a user namespace root may have no number; then what has no
// number is trusted, since all that we could harm by it is ours.
func isOurs(uid uint32) bool {
	if uid == 0 || int(uid) == os.Geteuid() {
		return true
	}
	return uid == overflowUID && !isMapped(overflowUID)
}

// isMapped reports whether a number is that of a user of this user namespace. If the map cannot be read, it may be.
func isMapped(uid uint64) bool {
	uidMap, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return true
	}
	return inMap(uidMap, uid)
}

// inMap reports whether a uid_map has a range with this number inside. A line that it cannot read may be one.
func inMap(uidMap []byte, uid uint64) bool {
	for lines := bufio.NewScanner(bytes.NewReader(uidMap)); lines.Scan(); {
		var inside, outside, count uint64
		if _, err := fmt.Sscan(lines.Text(), &inside, &outside, &count); err != nil {
			return true
		}
		if uid >= inside && uid-inside < count {
			return true
		}
	}
	return false
}
