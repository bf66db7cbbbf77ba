//go:build linux

package persist

import (
	"context"
	"errors"
	"os"
)

// Repair removes what a dead transaction left under a name, and under the other names of that transaction: none of it
// was ever reported as made. Of a delete that died, it removes the rest of that name. If all that the transaction was to
// make is there, it is marked as done instead, since only the mark is missing.
//
// It returns a *[StateError] for a name in any other state.
func (s *Store) Repair(ctx context.Context, name string) error {
	if err := CheckFileName(name); err != nil {
		return err
	}
	for {
		settled, err := s.repairOnce(ctx, name)
		if err != nil || settled {
			return err
		}
	}
}

// repairOnce is one attempt at Repair. It is not settled if the name changed while its lock was waited for.
func (s *Store) repairOnce(ctx context.Context, name string) (settled bool, err error) {
	h, err := s.hold(ctx, name)
	if err != nil || h == nil {
		return false, err
	}
	defer h.close()
	record, err := readRecord(h.file)
	if err != nil && !isVerdict(err) {
		return false, err
	}
	switch {
	case record != nil && record.tx == txBegun:
		all, err := s.allMounted(record, h.file)
		if err != nil {
			return false, err
		}
		if all {
			return true, (&Claim{s, h.file}).Done()
		}
		return true, s.unpublishAll(record, h.file)
	case h.state == Stale:
		return true, s.unpublish(name, h.file)
	}
	return false, &StateError{s.Path(name), Entry{Name: name, State: h.state}}
}

// unpublishAll removes what the members of a dead transaction still have of its claim, which is locked.
func (s *Store) unpublishAll(r *record, claim *os.File) error {
	var failed []error
	for _, m := range r.members {
		if err := s.unpublish(m.name, claim); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
