//go:build linux

package persist

import (
	"context"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// recoverMounts is Recover for the mounts in the run directory.
func (v *survey) recoverMounts(ctx context.Context, dry bool) (findings []Finding, err error) {
	t := v.mounts
	for _, m := range t.mounts {
		if err := context.Cause(ctx); err != nil {
			return findings, err
		}
		name, lowest := t.name(m)
		if name == "" || !t.isIn(t.below(lowest)) {
			continue
		}
		f := Finding{Name: name, Path: v.Path(name), State: Ready}
		switch {
		case t.isTwin(m):
			f.Action, f.Reason = Remove, "the same namespace is mounted on it twice"
			if !dry {
				f.Err = v.peelTwin(ctx, name)
			}
		case lowest != m:
			f.Action, f.Reason = Leave, "another mount is hidden below its namespace; deleting the name removes both"
		case t.unreachable()[name], t.top() != nil && m.Parent != t.top().ID && !t.isDoubled():
			f.Action, f.Reason = Leave, "it is mounted below the run directory's own mount, where it cannot be reached; if a later mount of "+
				"the directory covers it, umount uncovers it"
		default:
			continue
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// peelTwin unmounts the upper one of two mounts of the same namespace. It holds the name and compares the mounts again first,
// because another repair may have been faster.
func (s *Store) peelTwin(ctx context.Context, name string) error {
	h, err := s.hold(ctx, name)
	if err != nil {
		return unlessMissing(err)
	}
	defer h.close()
	if h.blind != nil || !h.mounted {
		return h.blind
	}
	t, err := s.readMounts()
	if err != nil {
		return err
	}
	id, err := sys.MountID(h.top)
	if err != nil {
		return NeedsProc(err)
	}
	if m := t.byID[id]; m == nil || !t.isTwin(m) {
		return nil
	}
	err = detach(h.top)
	if err == unix.EINVAL { // another process unmounted it
		return nil
	}
	return s.unmountError(name, err)
}

// recoverDir is Recover for the run directory's own mounts.
func recoverDir(ctx context.Context, dir string, dry bool) ([]Finding, error) {
	state, err := stateOfDir(dir)
	if err != nil || state.fault == "" {
		return nil, err
	}
	f := Finding{Path: dir, Action: Remount, Reason: state.fault}
	switch {
	case state.names > 0:
		f.Action = Leave
		f.Reason += "; that can be mended when it is empty"
	case !dry:
		f.Err = remount(ctx, dir)
	}
	return []Finding{f}, nil
}

// remount leaves an empty run directory one of its mounts, in a peer group of its own. A mount that another process has open,
// perhaps to mount in it, is busy, and stays. remount looks again before each step, because another repair may have been
// faster.
func remount(ctx context.Context, dir string) error {
	unlock, err := lockDir(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	state, err := stateOfDir(dir)
	for ; err == nil && state.names == 0 && state.mounts > 1; state, err = stateOfDir(dir) {
		if err := unmountDir(dir); err != nil {
			return err
		}
	}
	if err != nil || state.names > 0 || state.mounts == 0 {
		return err
	}
	return sys.PathError("mount", dir, ownPeerGroup(dir, 0))
}
