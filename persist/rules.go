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

// find applies the rule for the state of an entry. The action "" means that nothing is wrong.
func (v *survey) find(e Entry) (Finding, error) {
	if e.State.isAlien() {
		return Finding{Action: Ignore, Reason: "it is " + e.describe()}, nil
	}
	if v.mounts.unreachable()[e.Name] && e.State != Ready && e.State != Kept { // recoverMounts reports it
		return Finding{}, nil
	}
	switch e.State {
	case Ready:
		unfinished, err := v.unfinished(e.Name)
		if err != nil || !unfinished {
			return Finding{}, err
		}
		return Finding{Action: Finish, Reason: "its transaction died when all of it was there"}, nil
	case Stale:
		return Finding{Action: Remove, Reason: "a transaction that died left it"}, nil
	case Unmounted:
		return v.findUnmounted(e.Name)
	case InProgress:
		return Finding{Action: Leave, Reason: "its transaction lives"}, nil
	case Elsewhere:
		return v.findElsewhere(e.Name)
	case Foreign:
		return v.findForeign(e.Name)
	case Unreadable:
		if v.isLink(e.Name) {
			return Finding{Action: Ignore, Reason: "it is a symbolic link, which the caller may not follow"}, nil
		}
		return Finding{Action: Leave, Reason: "reading it is not permitted"}, nil
	case Incompatible:
		return Finding{Action: Leave, Reason: "another version of netns made it, or it is damaged"}, nil
	}
	return Finding{}, nil
}

// unfinished reports whether only the mark of a dead transaction is missing for a namespace that is ready.
func (s *Store) unfinished(name string) (bool, error) {
	f, covered, err := s.openClaim(name)
	if f == nil {
		return false, err
	}
	defer f.Close()
	r, err := unheldRecord(f)
	if err != nil || !covered || r.member(name) == nil {
		return false, err
	}
	return r.diedHere()
}

// findUnmounted is for a claim whose namespace was unmounted by hand. Another mount namespace may have a copy of the mount.
func (v *survey) findUnmounted(name string) (Finding, error) {
	st, err := v.statIn(v.dir, name)
	if err != nil {
		return Finding{}, unlessMissing(err)
	}
	if v.census().has(name, &st) {
		return Finding{Action: Leave, Reason: "its namespace was unmounted by hand here, and is still mounted in another mount namespace"}, nil
	}
	return Finding{Action: Remove, Reason: "its namespace was unmounted by hand"}, nil
}

// findElsewhere is for a claim that was made in another mount namespace, which is not proven gone.
func (s *Store) findElsewhere(name string) (Finding, error) {
	r, err := s.recordOf(name)
	if err != nil || r == nil { // it changed meanwhile
		return Finding{}, err
	}
	fate, err := r.mntns.fate()
	reason := "it is mounted in another mount namespace, which lives"
	if fate != lives {
		reason = "it was mounted in another mount namespace, and whether that one is gone cannot be known here: run recover as root " +
			"on the machine itself (Linux 6.11 or later); if nothing needs the namespace, delete it with force"
	}
	return Finding{Action: Leave, Reason: reason}, err
}

// findForeign is for a file that no netns made.
func (v *survey) findForeign(name string) (Finding, error) {
	st, err := v.statIn(v.dir, name)
	if err != nil {
		return Finding{}, unlessMissing(err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > 0 {
		return Finding{}, nil // no tool leaves such a file of a namespace
	}
	err = v.mayRemoveForeign(v.census, name, &st)
	if young, ok := errors.AsType[*BusyError](err); ok {
		return Finding{Action: Leave, Reason: young.Reason}, nil
	}
	if _, mounted := errors.AsType[*StateError](err); mounted {
		return Finding{Action: Leave, Reason: "it is another tool's, and may be mounted in another mount namespace; run recover in " +
			"the machine's first PID namespace (Linux 6.12) to know, or delete it with force"}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	return Finding{Action: Remove, Reason: "another tool left it, without a namespace, more than " + foreignAge.String() + " ago"}, nil
}

// A survey describes a run directory as a whole. It takes time in proportion to the names and to all mounts, so no hot path
// makes one. A file of another tool has no record of the mount namespace in which it was made. Whether it is a leftover depends
// on the directory as a whole, and on all mount namespaces.
type survey struct {
	*Store
	mounts   *mountTable
	names    []string
	isRunDir bool                 // see findsRunDir
	others   func() (bool, error) // whether a claim in the directory was made in another mount namespace
	census   func() census        // taken once; before act removes a name, it locks the name and takes a new one
}

// survey looks at the mounts, and at the names until one of them proves that the directory is a run directory.
func (s *Store) survey() (v *survey, err error) {
	v = &survey{Store: s, census: sync.OnceValue(takeCensus)}
	v.others = sync.OnceValues(v.anyMadeElsewhere)
	if v.mounts, err = s.readMounts(); err != nil {
		return nil, err
	}
	if v.names, err = s.Names(); err != nil {
		return nil, err
	}
	v.isRunDir, err = v.findsRunDir()
	return v, err
}

// findsRunDir reports whether the directory is used for namespaces. It is if it is the default one and a mount of its own, is
// mounted onto itself, has a namespace or a claim in it, or is empty. In any other directory, such as /etc, an empty file is
// not a leftover.
func (v *survey) findsRunDir() (bool, error) {
	t := v.mounts
	if t.top() != nil && t.path == DefaultDir || t.isSelf(t.top()) || len(v.names) == 0 {
		return true, nil
	}
	for _, name := range v.names {
		e, err := v.Lookup(name)
		if err != nil && !isMissing(err) {
			return false, err
		}
		if err == nil && e.State.isOfNetns() && !v.isLink(name) {
			return true, nil
		}
	}
	return false, nil
}

func (s *Store) isLink(name string) bool {
	st, err := s.statIn(s.dir, name)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK
}

// foreignAge is the age at which an unmounted file of another tool counts as left behind. ip-netns(8) mounts its own files
// within milliseconds.
const foreignAge = 10 * time.Second

// mayRemoveForeign returns an error for an empty file of another tool, with nothing mounted on it here, that may be in use. It
// returns a *[BusyError] for a young file, by the clock of the file system, because the tool may be about to mount it. It
// returns a *[StateError] for a file that may have a namespace mounted on it in another mount namespace.
func (v *survey) mayRemoveForeign(census func() census, name string, st *unix.Stat_t) error {
	if !v.isRunDir {
		return &StateError{v.Path(name), Entry{Name: name, State: Foreign}}
	}
	now, err := v.freshFile()
	if err != nil {
		return err
	}
	if time.Duration(now.Ctim.Nano()-st.Ctim.Nano()) < foreignAge {
		return &BusyError{v.Path(name), fmt.Sprintf("another tool made this file less than %v ago and may be about to "+
			"mount it", foreignAge)}
	}
	var mounted bool
	switch c := census(); {
	case c != nil:
		mounted = c.has(name, st)
	case peers(v.mounts.top()) != "":
		// The directory is a shared mount of its own, as each tool sets it up. Unless a claim in it comes from elsewhere, it
		// belongs to this mount namespace alone.
		mounted, err = v.others()
	default:
		mounted = true // perhaps
	}
	if err != nil || !mounted {
		return err
	}
	return &StateError{v.Path(name), Entry{Name: name, State: Elsewhere}}
}

// anyMadeElsewhere reports whether any of the names has a claim from another mount namespace, which is not proven gone.
func (v *survey) anyMadeElsewhere() (bool, error) {
	for _, name := range v.names {
		r, err := v.recordOf(name)
		if err != nil {
			return false, err
		}
		if r == nil {
			continue
		}
		if fate, err := r.mntns.fate(); err != nil || fate.isElsewhere() {
			return true, err
		}
	}
	return false, nil
}
