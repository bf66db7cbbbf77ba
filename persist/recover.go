//go:build linux

package persist

import (
	"context"
	"errors"
	"io/fs"
)

// Recover scans a run directory for leftovers of dead transactions and of other tools, and repairs those that are proven dead.
// With DryRun it only reports them. It never touches a ready namespace, anything outside the run directory, or anything in a
// directory that is not a run directory. If a thing may live, Recover leaves it, and its Finding says why. A missing directory
// has no findings. Each Finding has its own error; the error of Recover is for a failed scan.
func Recover(ctx context.Context, dir string, o RecoverOptions) ([]Finding, error) {
	s, err := Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.Close()
	v, err := s.survey()
	if err != nil {
		return nil, err
	}
	if !v.isRunDir {
		return []Finding{{Path: s.Dir(), Action: Leave, Reason: "it is not a run directory: it is not mounted onto itself, and has no " +
			"namespace and no claim in it; nothing in it is touched"}}, nil
	}
	findings, err := v.recoverNames(ctx, o.DryRun)
	if err != nil {
		return findings, err
	}
	stacked, err := v.recoverMounts(ctx, o.DryRun)
	findings = append(findings, stacked...)
	if err != nil {
		return findings, err
	}
	s.Close() // an open directory is busy
	directory, err := recoverDir(ctx, s.Dir(), o.DryRun)
	return append(findings, directory...), err
}

// recoverNames is Recover for the names.
func (v *survey) recoverNames(ctx context.Context, dry bool) (findings []Finding, err error) {
	for _, name := range v.names {
		if err := context.Cause(ctx); err != nil {
			return findings, err
		}
		entry, ns, err := v.LookupOpen(name) // which is faster than Lookup for a namespace
		ns.Close()                           // also if it is nil
		if isMissing(err) {
			continue // it has gone with its transaction, for example
		}
		if err != nil {
			return findings, err
		}
		f, err := v.find(entry)
		if err != nil {
			return findings, err
		}
		if f.Action == "" {
			continue
		}
		f.Name, f.Path, f.State = name, v.Path(name), entry.State
		if !dry {
			f.Err = v.act(ctx, f)
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// act carries out the action of a finding about a name.
func (v *survey) act(ctx context.Context, f Finding) error {
	switch {
	case f.Action == Leave, f.Action == Ignore:
		return nil
	case f.State == Stale, f.Action == Finish:
		return v.repair(ctx, f.Name)
	}
	return unlessMissing(v.remove(ctx, f.Name, func(h *held) error {
		switch {
		case h.state != f.State: // it changed since
			return &StateError{f.Path, Entry{Name: f.Name, State: h.state}}
		case h.state == Foreign:
			return v.mayRemoveForeign(takeCensus, f.Name, &h.stat)
		case h.state == Unmounted && takeCensus().has(f.Name, &h.stat):
			return &StateError{f.Path, Entry{Name: f.Name, State: Elsewhere}}
		}
		return nil
	}))
}

// repair removes a name of a dead transaction, and the other names that the transaction left. No process ever reported any of
// them as made. If a delete died, repair removes the rest of that name. If everything that the transaction was to make exists,
// repair marks it as done instead, because only the mark is missing.
//
// It returns a *[StateError] for a name in any other state. That includes a transaction of another mount namespace that is not
// proven gone, because that transaction may live.
func (s *Store) repair(ctx context.Context, name string) error {
	if err := CheckFileName(name); err != nil {
		return err
	}
	h, err := s.hold(ctx, name)
	if err != nil {
		return err
	}
	defer h.close()
	if h.blind != nil {
		return h.blind
	}
	r, err := validRecord(h.file)
	if err != nil {
		return err
	}
	dead, err := r.diedHere()
	switch {
	case err != nil:
		return err
	case dead:
		all, err := s.allMounted(r, h.file)
		if err != nil {
			return err
		}
		if all {
			return (&Claim{s, h.file}).Done()
		}
		for _, m := range r.members {
			err = errors.Join(err, s.unpublish(m.name, &h.stat))
		}
		return err
	case h.state == Stale:
		return s.unpublish(name, &h.stat)
	}
	return &StateError{s.Path(name), Entry{Name: name, State: h.state}}
}

// Reserve frees a name, as far as that is possible before a claim is linked to it: if a dead transaction left the name, Reserve
// repairs it. It returns a *[StateError] if the name is taken.
func (s *Store) Reserve(ctx context.Context, name string) error {
	entry, err := s.Lookup(name)
	switch {
	case err == nil && entry.State == Stale:
		err = s.repair(ctx, name)
	case err == nil:
		return &StateError{s.Path(name), entry}
	}
	return unlessMissing(err)
}
