//go:build linux

package persist

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The rules of repair: what Recover finds about a name in each state, and which action follows.

// A recovery is a running Recover. It looks at the directory as a whole and at all mount namespaces once. Findings go by that
// first census. Before act removes an unmounted or foreign name, it locks the name and takes a new census.
type recovery struct {
	*Store
	survey *survey
	census func() census
	dry    bool
}

// find applies the rule for the state of an entry. The action "" means that nothing is wrong.
func (r *recovery) find(e Entry) (Finding, error) {
	switch e.State {
	case Ready:
		unfinished, err := r.unfinished(e.Name)
		if err != nil || !unfinished {
			return Finding{}, err
		}
		return Finding{Action: Finish, Reason: "its transaction died when all of it was there"}, nil
	case Stale:
		return Finding{Action: Remove, Reason: "a transaction that died left it"}, nil
	case Unmounted:
		return r.findUnmounted(e.Name)
	case InProgress:
		return Finding{Action: Leave, Reason: "its transaction lives"}, nil
	case Elsewhere:
		return r.findElsewhere(e.Name)
	case Foreign:
		return r.findForeign(e.Name)
	case Unreadable:
		return Finding{Action: Leave, Reason: "reading it is not permitted"}, nil
	case Incompatible:
		return Finding{Action: Leave, Reason: "another version of netns made it, or it is damaged"}, nil
	}
	return Finding{}, nil
}

// unfinished reports whether only the mark of a dead transaction is missing for a namespace that is ready.
func (r *recovery) unfinished(name string) (bool, error) {
	f, covered, err := r.openClaim(name)
	if isMissing(err) || f == nil && err == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if locked, err := isLocked(f); err != nil || locked || !covered {
		return false, err
	}
	record, err := readRecord(f)
	if err != nil && !isVerdict(err) {
		return false, err
	}
	if err != nil || record.tx != txBegun || record.member(name) == nil {
		return false, nil
	}
	place, err := record.place()
	return place != elsewhere, err
}

// findUnmounted is for a claim whose namespace was unmounted by hand. Another mount namespace may have a copy of the mount.
func (r *recovery) findUnmounted(name string) (Finding, error) {
	st, err := r.statIn(r.dir, name)
	if isMissing(err) {
		return Finding{}, nil
	}
	if err == nil && r.census().has(name, &st) {
		return Finding{Action: Leave, Reason: "its namespace was unmounted by hand here, and is still mounted in another mount namespace"}, nil
	}
	return Finding{Action: Remove, Reason: "its namespace was unmounted by hand and is gone"}, err
}

// findElsewhere is for a claim that was made in another mount namespace, which is not proven gone.
func (r *recovery) findElsewhere(name string) (Finding, error) {
	record, err := r.recordOf(name)
	if err != nil || record == nil { // it changed meanwhile
		if isMissing(err) {
			err = nil
		}
		return Finding{}, err
	}
	reason := "it is mounted in another mount namespace, which lives"
	if record.mntns.fate() != lives {
		reason = "it was mounted in another mount namespace, and whether that one is gone cannot be known here: run recover as root " +
			"on the machine itself (Linux 6.11 or later); if nothing needs the namespace, delete it with force"
	}
	return Finding{Action: Leave, Reason: reason}, nil
}

// findForeign is for a file that no netns made.
func (r *recovery) findForeign(name string) (Finding, error) {
	st, err := r.statIn(r.dir, name)
	if isMissing(err) {
		return Finding{}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > 0 {
		return Finding{}, nil // no tool leaves such a file of a namespace
	}
	err = r.mayRemoveForeign(r.survey, r.census, name, &st)
	var young *BusyError
	var mounted *StateError
	switch {
	case errors.As(err, &young):
		return Finding{Action: Leave, Reason: young.Reason}, nil
	case errors.As(err, &mounted):
		return Finding{Action: Leave, Reason: "it is another tool's, and may be mounted in another mount namespace; run recover in " +
			"the machine's first PID namespace (Linux 6.12) to know, or delete it with force"}, nil
	case err != nil:
		return Finding{}, err
	}
	return Finding{Action: Remove, Reason: "another tool left it, without a namespace, more than " + foreignAge.String() + " ago"}, nil
}

// A file of another tool has no record of the mount namespace in which it was made. Whether it is a leftover depends on the
// directory as a whole, and on all mount namespaces.

// A survey describes a run directory as a whole. It takes time in proportion to the names and to all mounts, so no hot path
// makes one.
type survey struct {
	mounts   *mountTable
	names    []string
	isRunDir bool                 // see Store.isRunDir
	others   func() (bool, error) // whether a claim in the directory was made in another mount namespace
}

// survey looks at the mounts, and at the names until one of them proves that the directory is a run directory.
func (s *Store) survey() (v *survey, err error) {
	v = &survey{}
	if v.mounts, err = s.readMounts(); err != nil {
		return nil, err
	}
	if v.names, err = s.Names(); err != nil {
		return nil, err
	}
	v.isRunDir, err = s.isRunDir(v.mounts, v.names)
	v.others = sync.OnceValues(func() (bool, error) { return s.anyMadeElsewhere(v.names) })
	return v, err
}

// isRunDir reports whether the directory is used for namespaces. It is if it is the default one and a mount of its own, is
// mounted onto itself, has a namespace or a claim in it, or is empty. In any other directory, such as /etc, an empty file is
// not a leftover.
func (s *Store) isRunDir(t *mountTable, names []string) (bool, error) {
	if t.top() != nil && t.path == DefaultDir || t.isBoundOntoItself() || len(names) == 0 {
		return true, nil
	}
	for _, name := range names {
		e, err := s.Lookup(name)
		if err != nil && !isMissing(err) {
			return false, err
		}
		if err == nil && e.State != Foreign && e.State != Unreadable && !s.isLink(name) {
			return true, nil
		}
	}
	return false, nil
}

func (s *Store) isLink(name string) bool {
	st, err := s.statIn(s.dir, name)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK
}

// notRunDir is the finding of Recover in a directory that is not a run directory.
func notRunDir(dir string) []Finding {
	return []Finding{{Path: dir, Action: Leave, Reason: "it is not a run directory: it is not mounted onto itself, and has no " +
		"namespace and no claim in it; nothing in it is touched"}}
}

// foreignAge is the age at which an unmounted file of another tool counts as left behind. ip-netns(8) mounts its own files
// within milliseconds.
const foreignAge = 10 * time.Second

// mayDeleteForeign is mayRemoveForeign with a new survey.
func (s *Store) mayDeleteForeign(name string, st *unix.Stat_t) error {
	v, err := s.survey()
	if err != nil {
		return err
	}
	return s.mayRemoveForeign(v, takeCensus, name, st)
}

// mayRemoveForeign returns an error for an empty file of another tool, with nothing mounted on it here, that may be in use. It
// returns a *[BusyError] for a young file, by the clock of the file system, because the tool may be about to mount it. It
// returns a *[StateError] for a file that may have a namespace mounted on it in another mount namespace.
func (s *Store) mayRemoveForeign(v *survey, census func() census, name string, st *unix.Stat_t) error {
	if !v.isRunDir {
		return &StateError{s.Path(name), Entry{Name: name, State: Foreign}}
	}
	now, err := s.freshFile()
	if err != nil {
		return err
	}
	if time.Unix(now.Ctim.Unix()).Sub(time.Unix(st.Ctim.Unix())) < foreignAge {
		return &BusyError{s.Path(name), fmt.Sprintf("another tool made this file less than %v ago and may be about to "+
			"mount it", foreignAge)}
	}
	mounted, err := v.mayBeMountedElsewhere(census(), name, st)
	if err != nil || !mounted {
		return err
	}
	return &StateError{s.Path(name), Entry{Name: name, State: Elsewhere}}
}

// mayBeMountedElsewhere reports whether a namespace may be mounted, in another mount namespace, on a file of another tool. A
// census tells. Without one, the file may be mounted elsewhere unless the directory belongs to this mount namespace alone. For
// that, it must be a shared mount of its own, as each tool sets it up, and no claim in it may come from elsewhere.
func (v *survey) mayBeMountedElsewhere(c census, name string, st *unix.Stat_t) (bool, error) {
	if c != nil {
		return c.has(name, st), nil
	}
	if !v.mounts.isShared() {
		return true, nil
	}
	return v.others()
}

// anyMadeElsewhere reports whether any of the names has a claim from another mount namespace, which is not proven gone.
func (s *Store) anyMadeElsewhere(names []string) (bool, error) {
	for _, name := range names {
		r, err := s.recordOf(name)
		if isMissing(err) || err == nil && r == nil {
			continue
		}
		if err != nil {
			return false, err
		}
		if place, err := r.place(); err != nil || place == elsewhere {
			return true, err
		}
	}
	return false, nil
}
