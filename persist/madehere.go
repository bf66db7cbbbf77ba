//go:build linux

package persist

import (
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// MadeElsewhere returns the first of some names, each of which is to show a certain open namespace, that was not made in the
// mount namespace of the caller or of the first process that /proc shows, or was made in the machine's first one. In a
// container that means: it may be known outside. So may one that another tool made, and one that shows something else by now.
// It returns "" if there is none, or a *[PrivilegeError] if it may not look.
func (s *Store) MadeElsewhere(names []string, shown []*os.File) (string, error) {
	var last *os.File // the names of one transaction share a claim
	var known *record
	defer func() { last.Close() }()
	for i, name := range names {
		file, err := s.openBare(name, unix.O_RDONLY)
		if isMissing(err) || err == errNoRecord {
			return name, nil
		}
		if err != nil {
			return "", err
		}
		same := false
		if last != nil {
			same, err = sys.SameFile(last, file)
		}
		last.Close()
		if last = file; err == nil && !same {
			known, err = readRecord(file)
		}
		if isVerdict(err) || err == nil && known.member(name) == nil {
			return name, nil
		}
		here := false
		if err == nil {
			here, err = s.isHere(name, known, shown[i])
		}
		if err != nil || !here {
			return name, err
		}
	}
	return "", nil
}

// isHere reports whether a name with this record below its mount shows an open namespace, and was made in this container. In
// this order: the mount keeps the file below it, see peel.
func (s *Store) isHere(name string, r *record, shown *os.File) (bool, error) {
	st, err := sys.Fstat(shown)
	if err != nil {
		return false, err
	}
	if same, err := s.stillShows(name, &st); err != nil || !same {
		return false, err
	}
	return r.mntns.isContainers()
}

// isContainers reports whether a mount namespace is the caller's or that of the first process that /proc shows, and not the
// machine's first. A container can share that one, and its names are then known outside.
func (a mountNS) isContainers() (bool, error) {
	if a.inode == sys.FirstMountNS || a.id == sys.FirstMountNSID {
		return false, nil
	}
	own, err := thisMountNS()
	if err != nil || a.is(own) {
		return err == nil, err
	}
	first, err := mountNSOf("/proc/1")
	return err == nil && a.is(first), nil
}
