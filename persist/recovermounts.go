//go:build linux

package persist

import (
	"context"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A mountTable is what mountinfo says of a run directory (proc_pid_mountinfo(5)). To read it takes longer the more mounts there
// are, so only what is for a person to wait for does.
type mountTable struct {
	mounts []*mountinfo.Info
	byID   map[int]*mountinfo.Info
	path   string            // of the directory, without links
	own    []*mountinfo.Info // the mounts of the directory itself, the uppermost, which is open, last
	in     *mountinfo.Info   // the one that the directory is in: below its own
}

// readMounts reads the mounts. What is covered by another mount, as by a second one on /run, belongs to none of its fields:
// own begins with the mount that the directory was opened on.
func (s *Store) readMounts() (*mountTable, error) {
	id, err := sys.MountID(s.dir)
	if err != nil {
		return nil, NeedsProc(err)
	}
	t := &mountTable{byID: map[int]*mountinfo.Info{}}
	if t.path, err = os.Readlink(sys.FdPath(s.dir)); err != nil {
		return nil, NeedsProc(fmt.Errorf("%s: %w", s.Dir(), err))
	}
	if t.mounts, err = mountinfo.GetMounts(nil); err != nil {
		return nil, NeedsProc(err)
	}
	for _, m := range t.mounts {
		t.byID[m.ID] = m
	}
	t.in = t.byID[id]
	for t.in != nil && t.in.Mountpoint == t.path {
		t.own = append([]*mountinfo.Info{t.in}, t.own...)
		t.in = t.below(t.in)
	}
	return t, nil
}

// below returns the mount that a mount is mounted on, or nil if it is none that can be seen.
func (t *mountTable) below(m *mountinfo.Info) *mountinfo.Info {
	if m.Parent == m.ID {
		return nil
	}
	return t.byID[m.Parent]
}

// top returns the uppermost of the directory's own mounts, or nil.
func (t *mountTable) top() *mountinfo.Info {
	if len(t.own) == 0 {
		return nil
	}
	return t.own[len(t.own)-1]
}

// peers returns the peer group of a mount, or "". There may be no mount.
func peers(m *mountinfo.Info) string {
	if m == nil {
		return ""
	}
	for _, field := range strings.Fields(m.Optional) {
		if group, ok := strings.CutPrefix(field, "shared:"); ok {
			return group
		}
	}
	return ""
}

// isShared reports whether what is mounted in the directory reaches the other mounts of its peer group, as each tool sets it up.
func (t *mountTable) isShared() bool { return peers(t.top()) != "" }

// isDoubled reports whether each namespace is mounted twice, since the directory is in the peer group of the mount it is in.
func (t *mountTable) isDoubled() bool {
	return t.isShared() && peers(t.top()) == peers(t.below(t.top()))
}

// isBoundOntoItself reports whether the directory was made a mount by mounting it onto itself, as each tool does it.
func (t *mountTable) isBoundOntoItself() bool {
	m := t.top()
	if m == nil || t.in == nil || m.Major != t.in.Major || m.Minor != t.in.Minor {
		return false
	}
	inside, ok := strings.CutPrefix(m.Mountpoint, strings.TrimSuffix(t.in.Mountpoint, "/"))
	return ok && m.Root == path.Join(t.in.Root, inside)
}

// name returns the name in the directory that a namespace is mounted on, directly or by way of others that are mounted there, and
// the lowest of these mounts.
func (t *mountTable) name(m *mountinfo.Info) (name string, lowest *mountinfo.Info) {
	name, inside := strings.CutPrefix(m.Mountpoint, t.path+"/")
	if !inside || m.FSType != "nsfs" || strings.Contains(name, "/") {
		return "", nil
	}
	for b := t.below(m); b != nil && b.Mountpoint == m.Mountpoint; b = t.below(m) {
		m = b
	}
	return name, m
}

// isIn reports whether a mount is one of those that the run directory has or is in.
func (t *mountTable) isIn(id int) bool {
	for _, m := range t.own {
		if m.ID == id {
			return true
		}
	}
	return t.in != nil && t.in.ID == id
}

// isTwin reports whether a mount covers another one of the same namespace.
func (t *mountTable) isTwin(m *mountinfo.Info) bool {
	below := t.below(m)
	return below != nil && below.Mountpoint == m.Mountpoint && below.Root == m.Root && below.FSType == m.FSType
}

// recoverMounts is Recover for what is mounted in the run directory.
func (s *Store) recoverMounts(ctx context.Context, t *mountTable, dry bool) (findings []Finding, err error) {
	for _, m := range t.mounts {
		if err := context.Cause(ctx); err != nil {
			return findings, err
		}
		name, lowest := t.name(m)
		if name == "" || !t.isIn(lowest.Parent) {
			continue
		}
		f := Finding{Name: name, Path: s.Path(name), State: Ready}
		switch {
		case t.isTwin(m):
			f.Action, f.Reason = Remove, "the same namespace is mounted on it twice"
			if !dry {
				f.Err = s.peelTwin(ctx, name)
			}
		case lowest != m:
			f.Action, f.Reason = Leave, "another mount is hidden below its namespace; deleting the name removes both"
		case t.top() != nil && m.Parent != t.top().ID && !t.isDoubled():
			f.Action, f.Reason = Leave, "it is also mounted below the run directory's own mount, where it cannot be reached"
		default:
			continue
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// peelTwin unmounts the upper one of two mounts of the same namespace, if that is so still while the name is locked: another
// repair may have been faster.
func (s *Store) peelTwin(ctx context.Context, name string) error {
	h, err := s.hold(ctx, name)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
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

// A dirState is what there is of a run directory: how many names and how many mounts of its own, and what is wrong with those.
type dirState struct {
	names, mounts int
	fault         string
}

// stateOfDir looks at a run directory, which is not open afterwards: an open one is busy.
func stateOfDir(dir string) (state dirState, err error) {
	s, err := Open(dir)
	if err != nil {
		return state, err
	}
	defer s.Close()
	t, err := s.readMounts()
	if err != nil {
		return state, err
	}
	names, err := s.Names()
	state = dirState{names: len(names), mounts: len(t.own)}
	switch {
	case len(t.own) > 1:
		state.fault = "the run directory is mounted " + strconv.Itoa(len(t.own)) + " times"
	case t.isDoubled():
		state.fault = "the run directory is in the peer group of the mount it is in, so every namespace is mounted twice"
	}
	return state, err
}

// remount leaves an empty run directory one mount of all it has, in a peer group of its own. A mount that another process has
// open, perhaps to mount in it, is busy, and stays. It looks again before each step: another repair may have been faster.
func remount(ctx context.Context, dir string) error {
	unlock, err := lockDir(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	state, err := stateOfDir(dir)
	for ; err == nil && state.names == 0 && state.mounts > 1; state, err = stateOfDir(dir) {
		if err := sys.Again(func() error { return unix.Unmount(dir, unix.UMOUNT_NOFOLLOW) }); err != nil {
			return sys.PathError("umount", dir, err)
		}
	}
	if err != nil || state.names > 0 || state.mounts == 0 {
		return err
	}
	for _, flags := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err := sys.Again(func() error { return unix.Mount("", dir, "", flags, "") }); err != nil {
			return sys.PathError("mount", dir, err)
		}
	}
	return nil
}
