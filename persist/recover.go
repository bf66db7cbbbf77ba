//go:build linux

package persist

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Recover finds what dead transactions and other tools left in a run directory, and repairs what is proven to be dead; with dry,
// it only says what it would do. It never touches a namespace that is ready, nor anything outside the run directory, nor a
// directory that is none. What cannot be known to be dead is left, and the Finding says why. A directory that is missing has
// nothing to be found. The error is for what keeps it from looking; each Finding has its own.
func Recover(ctx context.Context, dir string, dry bool) ([]Finding, error) {
	s, err := Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.Close()
	mounts, err := s.readMounts()
	if err != nil {
		return nil, err
	}
	if is, err := s.isRunDir(mounts); err != nil {
		return nil, err
	} else if !is {
		return notRunDir(s.Dir()), nil
	}
	findings, err := s.recoverNames(ctx, dry)
	if err != nil {
		return findings, err
	}
	stacked, err := s.recoverMounts(ctx, mounts, dry)
	findings = append(findings, stacked...)
	if err != nil {
		return findings, err
	}
	s.Close() // an open directory is busy
	directory, err := recoverDir(ctx, s.Dir(), dry)
	return append(findings, directory...), err
}

// recoverNames is Recover for the files.
func (s *Store) recoverNames(ctx context.Context, dry bool) ([]Finding, error) {
	names, err := s.Names()
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, name := range names {
		if err := context.Cause(ctx); err != nil {
			return findings, err
		}
		entry, err := s.Lookup(name)
		if isMissing(err) {
			continue // gone with its transaction, say
		}
		if err != nil {
			return findings, err
		}
		f, err := s.find(entry)
		if err != nil {
			return findings, err
		}
		if f.Action == "" {
			continue
		}
		f.Name, f.Path, f.State = name, s.Path(name), entry.State
		if !dry {
			f.Err = s.act(ctx, f)
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// find says what should be done about an entry; an action of "" is nothing.
func (s *Store) find(e Entry) (Finding, error) {
	switch e.State {
	case Ready:
		unfinished, err := s.unfinished(e.Name)
		if err != nil || !unfinished {
			return Finding{}, err
		}
		return Finding{Action: Finish, Reason: "its transaction died when all of it was there"}, nil
	case Stale:
		return Finding{Action: Remove, Reason: "a transaction that died left it"}, nil
	case Unmounted:
		return s.findUnmounted(e.Name)
	case InProgress:
		return Finding{Action: Leave, Reason: "its transaction lives"}, nil
	case Elsewhere:
		return s.findElsewhere(e.Name)
	case Foreign:
		return s.findForeign(e.Name)
	case Unreadable:
		return Finding{Action: Leave, Reason: "reading it is not permitted"}, nil
	case Incompatible:
		return Finding{Action: Leave, Reason: "another version of netns made it, or it is damaged"}, nil
	}
	return Finding{}, nil
}

func (s *Store) act(ctx context.Context, f Finding) error {
	switch {
	case f.Action == Leave:
		return nil
	case f.State == Stale, f.Action == Finish:
		return s.Repair(ctx, f.Name)
	}
	err := s.remove(ctx, f.Name, func(h *held) error {
		if h.state != f.State { // not what was found any more
			return &StateError{f.Path, Entry{Name: f.Name, State: h.state}}
		}
		if h.state == Foreign {
			return s.mayRemoveForeign(f.Name, &h.stat)
		}
		return nil
	})
	if isMissing(err) {
		return nil
	}
	return err
}

// unfinished reports whether a namespace is ready but for the mark of its transaction, which is dead.
func (s *Store) unfinished(name string) (bool, error) {
	f, covered, err := s.openClaim(name)
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
	r, err := readRecord(f)
	if err != nil && !isVerdict(err) {
		return false, err
	}
	if err != nil || r.tx != txBegun || r.member(name) == nil {
		return false, nil
	}
	place, err := r.place()
	return place != elsewhere, err
}

// findForeign judges a file that no netns made.
func (s *Store) findForeign(name string) (Finding, error) {
	st, err := s.statIn(s.dir, name)
	if isMissing(err) {
		return Finding{}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > 0 {
		return Finding{}, nil // no tool leaves that of a namespace
	}
	err = s.mayRemoveForeign(name, &st)
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

// findUnmounted judges a claim whose namespace was unmounted by hand. Another mount namespace may have a copy of the mount.
func (s *Store) findUnmounted(name string) (Finding, error) {
	st, err := s.statIn(s.dir, name)
	if isMissing(err) {
		return Finding{}, nil
	}
	if err == nil && takeCensus().has(name, &st) {
		return Finding{Action: Leave, Reason: "its namespace was unmounted by hand here, and is still mounted in another mount namespace"}, nil
	}
	return Finding{Action: Remove, Reason: "its namespace was unmounted by hand and is gone"}, err
}

// findElsewhere judges a claim that was made in another mount namespace, which is not proven gone.
func (s *Store) findElsewhere(name string) (Finding, error) {
	r, err := s.recordOf(name)
	if err != nil || r == nil { // changed meanwhile
		if isMissing(err) {
			err = nil
		}
		return Finding{}, err
	}
	reason := "it is mounted in another mount namespace, which lives"
	if r.mntns.fate() != lives {
		reason = "it was mounted in another mount namespace, and whether that one is gone cannot be known here: run recover as root " +
			"on the machine itself (Linux 6.11 or later); if nothing needs the namespace, delete it with force"
	}
	return Finding{Action: Leave, Reason: reason}, nil
}
