//go:build linux

package persist

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"
)

// Repair removes what a dead transaction left under a name, and under the other names of that transaction: none of it
// was ever reported as made. Of a delete that died, it removes the rest of that name. If all that the transaction was to
// make is there, it is marked as done instead, since only the mark is missing.
//
// It returns a *[StateError] for a name in any other state: a transaction of another mount namespace, if that is not proven gone,
// is not known to be dead.
func (s *Store) Repair(ctx context.Context, name string) error {
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
	record, err := readRecord(h.file)
	if err != nil && !isVerdict(err) {
		return err
	}
	place := elsewhere
	if record != nil {
		if place, err = record.place(); err != nil {
			return err
		}
	}
	switch {
	case place != elsewhere && record.tx == txBegun:
		all, err := s.allMounted(record, h.file)
		if err != nil {
			return err
		}
		if all {
			return (&Claim{s, h.file}).Done()
		}
		return s.unpublishAll(record, &h.stat)
	case h.state == Stale:
		return s.unpublish(name, &h.stat)
	}
	return &StateError{s.Path(name), Entry{Name: name, State: h.state}}
}

// unpublishAll removes what the members of a dead transaction still have of its claim, which is locked.
func (s *Store) unpublishAll(r *record, claim *unix.Stat_t) error {
	var failed []error
	for _, m := range r.members {
		if err := s.unpublish(m.name, claim); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
