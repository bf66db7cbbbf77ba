//go:build linux

package persist

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Recover finds what dead transactions and other tools left in a run directory, and repairs what it can without harm to
// anything that lives; with dry, it only says what it would do. It never touches a namespace that is ready, nor anything
// outside the run directory. The error is for what keeps it from looking; each Finding has its own.
func Recover(ctx context.Context, dir string, dry bool) ([]Finding, error) {
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	findings, err := s.recoverNames(ctx, dry)
	var mounts []mount
	if err == nil {
		mounts, err = readMounts()
	}
	if err == nil {
		findings = append(findings, s.recoverMounts(mounts, dry)...)
	}
	s.Close() // an open directory is busy
	if err != nil {
		return findings, err
	}
	directory, err := recoverDir(s.Dir(), mounts, dry)
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
		if errors.Is(err, fs.ErrNotExist) {
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
		return Finding{Action: Remove, Reason: "its namespace was unmounted by hand and is gone"}, nil
	case InProgress:
		return Finding{Action: Leave, Reason: "its transaction lives"}, nil
	case Elsewhere:
		return s.findElsewhere(e.Name)
	case Foreign:
		return s.findForeign(e.Name)
	case Unreadable:
		return Finding{Action: Leave, Reason: "reading it is not permitted"}, nil
	case Incompatible:
		return Finding{Action: Leave, Reason: "another version of netns made it, and knows what it is"}, nil
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
			return s.mayRemoveForeign(f.Name, &h.stat, false)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// unfinished says whether a namespace is ready but for the mark of its transaction, which is dead.
func (s *Store) unfinished(name string) (bool, error) {
	f, err := s.openBare(name, unix.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ELOOP) { // a link has no transaction
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if locked, err := isLocked(f); err != nil || locked {
		return false, err
	}
	r, err := readRecord(f)
	if err != nil && !isVerdict(err) {
		return false, err
	}
	return err == nil && r.tx == txBegun && r.member(name) != nil, nil
}

// findForeign judges a file that no netns made.
func (s *Store) findForeign(name string) (Finding, error) {
	top, err := s.openTop(name)
	if err != nil {
		return Finding{}, nil
	}
	defer top.Close()
	st, err := fstat(top)
	if err != nil {
		return Finding{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > 0 {
		return Finding{}, nil // no tool leaves that of a namespace
	}
	err = s.mayRemoveForeign(name, &st, false)
	var young *BusyError
	switch {
	case errors.As(err, &young):
		return Finding{Action: Leave, Reason: young.Reason}, nil
	case err != nil:
		return Finding{}, err
	}
	return Finding{Action: Remove, Reason: "another tool left it, without a namespace, more than " + foreignAge.String() + " ago"}, nil
}

// findElsewhere judges a claim that was mounted in another mount namespace: the mount is gone when that is.
func (s *Store) findElsewhere(name string) (Finding, error) {
	f, err := openAt(s.dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return Finding{}, nil
	}
	defer f.Close()
	r, err := readRecord(f)
	if err != nil {
		return Finding{}, nil
	}
	switch lives, known, err := r.mntns.lives(); {
	case err != nil:
		return Finding{}, err
	case lives:
		return Finding{Action: Leave, Reason: "it is mounted in another mount namespace, which lives"}, nil
	case !known:
		return Finding{Action: Leave, Reason: "it was mounted in another mount namespace; some processes, which may be in that " +
			"one, cannot be looked at"}, nil
	}
	return Finding{Action: Remove, Reason: "it was mounted in another mount namespace, in which no process is left"}, nil
}
