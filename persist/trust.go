//go:build linux

package persist

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// OpenTrusted returns a *[TrustError] unless root or the caller owns a file or directory, and every directory and link on the
// way to it. No other user may write to them, either. Other users may write to a sticky directory on the way, such as /tmp,
// because they cannot exchange the files of others in it. Even root's group counts as other users, because the bits of the
// group may be the mask of an ACL, for all users and groups that it names (acl(5)). The path must be absolute.
//
// OpenTrusted returns the very file that it checked, open with O_PATH (open(2)) under its path without links. A caller may
// execute or mount that file: no other user can make the path lead elsewhere. Any other error is that of lstat(2) or open(2).
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
	case st.Dev != checked.Dev || st.Ino != checked.Ino: // only root or the caller could do that
		f.Close()
		return nil, &TrustError{at, "it was exchanged while it was checked"}
	}
	return f, nil
}

// walk makes the checks of [OpenTrusted]. Only if follow is true, it follows a link at the end of the path. It returns the
// file's path without links, and the file's status. No other user can exchange anything on the checked way, so a later call
// can use the path.
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

// distrust returns why a file on the way cannot be trusted, or "".
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

// overflowUID is the number that a user namespace shows for a user without a number in it (user_namespaces(7)).
const overflowUID = 65534

// isOurs reports whether the owner of a file is root or the caller. In a user namespace root may have no number. Then isOurs
// accepts all owners without a number, because the caller can harm only its own files by that.
func isOurs(uid uint32) bool {
	if uid == 0 || int(uid) == os.Geteuid() {
		return true
	}
	if uid != overflowUID {
		return false
	}
	uidMap, err := os.ReadFile("/proc/self/uid_map") // if it is unreadable, a user may have that number
	return err == nil && !inMap(uidMap, overflowUID)
}

// inMap reports whether a range of a uid_map contains a number. An invalid line counts as such a range.
func inMap(uidMap []byte, uid uint64) bool {
	for line := range bytes.Lines(uidMap) {
		var inside, outside, count uint64
		if _, err := fmt.Sscan(string(line), &inside, &outside, &count); err != nil {
			return true
		}
		if uid >= inside && uid-inside < count {
			return true
		}
	}
	return false
}
