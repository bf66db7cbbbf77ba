//go:build linux

package persist

import (
	"os"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// diedHere reports whether a transaction that no process holds has not ended, and was made in the caller's mount namespace or
// in one that is proven gone. Another one may be complete in its mount namespace. The record may be nil.
func (r *record) diedHere() (bool, error) {
	if r == nil || r.tx != txBegun {
		return false, nil
	}
	fate, err := r.mntns.fate()
	return !fate.isElsewhere(), err
}

// otherBoot reports whether the claim was made before the machine last started. It is right only for a claim of this mount
// namespace: after a start the kernel uses ids again. A container has a boot id of its own.
func (r *record) otherBoot() bool {
	boot := bootID()
	return r.boot != boot && r.boot != unknownBoot && boot != unknownBoot
}

// unknownBoot is the boot id in a record if the kernel's is unreadable.
const unknownBoot = "unknown"

// bootID returns the random id of this start of the kernel (proc_sys_kernel(5)), or unknownBoot. A /proc with subset=pid has
// no such file, and a sandbox may cover it. A container can have an id of its own.
func bootID() string {
	id, err := sys.Sysctl("kernel.random.boot_id")
	if err != nil || len(strings.Fields(id)) != 1 {
		return unknownBoot
	}
	return id
}

// MadeElsewhere returns the first of some names that was not made in this container, or "". A name was made in this container
// if it shows its open namespace, shown[i], and has a claim of the right mount namespace. That is the caller's, or that of the
// first process that /proc shows, but never the machine's first one. Any other name may be known outside of the container.
// MadeElsewhere returns a *[PrivilegeError] if the caller may not look.
func (s *Store) MadeElsewhere(names []string, shown []int) (string, error) {
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
			known, err = validRecord(file)
		}
		inside := false
		if err == nil && known.member(name) != nil {
			inside, err = s.isMadeHere(name, known, shown[i])
		}
		if err != nil || !inside {
			return name, err
		}
	}
	return "", nil
}

// isMadeHere reports whether a name with this record below its mount shows an open namespace, and was made in this container.
// The record is read first: while the mount stays, the file below it stays, see peel.
func (s *Store) isMadeHere(name string, r *record, shown int) (bool, error) {
	var st unix.Stat_t
	if err := sys.Again(func() error { return unix.Fstat(shown, &st) }); err != nil {
		return false, sys.PathError("stat", s.Path(name), err)
	}
	if same, err := s.stillShows(name, &st); err != nil || !same {
		return false, err
	}
	return r.mntns.isContainers()
}
