//go:build linux

package persist

import (
	"cmp"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// foreignAge is how old another tool's unmounted file must be before it counts as left behind: ip-netns(8) mounts
// its own within milliseconds.
const foreignAge = 10 * time.Second

// mayRemoveForeign returns an error for an empty file of another tool's, on which nothing is mounted here, that may be in use:
// a *[BusyError] for a young one, by the file system's own clock, which may be about to be mounted, and a *[StateError] for
// one on which a namespace may be mounted in another mount namespace. It has no record that would say in which.
func (s *Store) mayRemoveForeign(name string, st *unix.Stat_t) error {
	t, err := s.readMounts()
	if err != nil {
		return err
	}
	if is, err := s.isRunDir(t); err != nil || !is {
		return cmp.Or(err, error(&StateError{s.Path(name), Entry{Name: name, State: Foreign}}))
	}
	now, err := s.freshFile()
	if err != nil {
		return err
	}
	if time.Unix(now.Ctim.Unix()).Sub(time.Unix(st.Ctim.Unix())) < foreignAge {
		return &BusyError{s.Path(name), fmt.Sprintf("another tool made this file less than %v ago and may be about to "+
			"mount it", foreignAge)}
	}
	shared, err := s.mayBeMountedElsewhere(t, name, st)
	if err != nil || !shared {
		return err
	}
	return &StateError{s.Path(name), Entry{Name: name, State: Elsewhere}}
}

// mayBeMountedElsewhere reports whether a namespace may be mounted, in another mount namespace, on a file of another tool's. A
// census of all mounts of the machine tells. Where that is not to be had, it counts how the directory is used: only one that is
// a mount of its own whose mounts reach others, as each tool sets it up, and in which no claim was made elsewhere, is taken for
// this mount namespace's alone.
func (s *Store) mayBeMountedElsewhere(t *mountTable, name string, st *unix.Stat_t) (bool, error) {
	if c := takeCensus(); c != nil {
		return c.has(name, st), nil
	}
	if !t.isShared() {
		return true, nil
	}
	names, err := s.Names()
	if err != nil {
		return false, err
	}
	for _, other := range names {
		r, err := s.recordOf(other)
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

// isRunDir reports whether the directory is used for namespaces: it is the default one and a mount of its own, was mounted onto
// itself, or has a namespace or a claim in it. An empty one may become one. In any other, as /etc, an empty file is no leftover.
func (s *Store) isRunDir(t *mountTable) (bool, error) {
	if t.top() != nil && t.path == DefaultDir || t.isBoundOntoItself() {
		return true, nil
	}
	names, err := s.Names()
	if err != nil || len(names) == 0 {
		return true, err
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

// notRunDir is what Recover finds in a directory that is no run directory.
func notRunDir(dir string) []Finding {
	return []Finding{{Path: dir, Action: Leave, Reason: "it is no run directory: it is not mounted onto itself, and has no " +
		"namespace and no claim in it; nothing in it is touched"}}
}
