//go:build linux

package persist

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/moby/sys/mountinfo"
	"github.com/netns-go/netns/internal/sys"
)

// A mountTable has the mounts in mountinfo (proc_pid_mountinfo(5)), seen from a run directory. Reading it takes time in
// proportion to all mounts, so only Recover, Release and the first Prepare do.
type mountTable struct {
	mounts []*mountinfo.Info
	byID   map[int]*mountinfo.Info
	path   string            // of the directory, without links
	own    []*mountinfo.Info // the mounts of the directory itself; the uppermost, which is open, is the last
	in     *mountinfo.Info   // the mount that the directory is in, below its own

	unreachable func() map[string]bool // see findUnreachable
}

// readMounts reads the mounts. own begins with the mount that the directory was opened on. A mount that another one covers, for
// example by a second mount on /run, is in neither own nor in.
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
	t.unreachable = sync.OnceValue(t.findUnreachable)
	t.in = t.byID[id]
	for t.in != nil && t.in.Mountpoint == t.path {
		t.own = append([]*mountinfo.Info{t.in}, t.own...)
		t.in = t.below(t.in)
	}
	return t, nil
}

// below returns the mount that a mount is mounted on, or nil if the caller cannot see it.
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

// isIn reports whether the run directory has or is in a mount, which may be nil.
func (t *mountTable) isIn(m *mountinfo.Info) bool {
	return m != nil && (m == t.in || slices.Contains(t.own, m))
}

// isSelf reports whether one of the directory's own mounts is the directory, as each tool mounts it. The mount may be nil.
func (t *mountTable) isSelf(m *mountinfo.Info) bool {
	if m == nil || t.in == nil || m.Major != t.in.Major || m.Minor != t.in.Minor {
		return false
	}
	inside, ok := strings.CutPrefix(m.Mountpoint, strings.TrimSuffix(t.in.Mountpoint, "/"))
	return ok && m.Root == path.Join(t.in.Root, inside)
}

// peers returns the peer group of a mount, or "". The mount may be nil.
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

// isDoubled reports whether the kernel mounts each namespace twice, because the directory is in the peer group of the mount
// that it is in.
func (t *mountTable) isDoubled() bool {
	group := peers(t.top())
	return group != "" && group == peers(t.below(t.top()))
}

// name returns the name in the directory that a network namespace is mounted on, directly or on top of other mounts, and the lowest of
// these mounts.
func (t *mountTable) name(m *mountinfo.Info) (name string, lowest *mountinfo.Info) {
	name, inside := strings.CutPrefix(m.Mountpoint, t.path+"/")
	if !inside || m.FSType != "nsfs" || !strings.HasPrefix(m.Root, "net:[") || strings.Contains(name, "/") {
		return "", nil
	}
	for b := t.below(m); b != nil && b.Mountpoint == m.Mountpoint; b = t.below(m) {
		m = b
	}
	return name, m
}

// findUnreachable returns the names whose namespace is mounted only where the name does not show it, because the directory was
// mounted over it later.
func (t *mountTable) findUnreachable() map[string]bool {
	names := map[string]bool{}
	for _, m := range t.mounts {
		name, lowest := t.name(m)
		if name == "" || t.top() == nil {
			continue
		}
		if parent := t.below(lowest); parent == t.top() {
			names[name] = false
		} else if _, known := names[name]; !known && t.isIn(parent) {
			names[name] = true
		}
	}
	return names
}

// isTwin reports whether a mount covers another one of the same namespace.
func (t *mountTable) isTwin(m *mountinfo.Info) bool {
	below := t.below(m)
	return below != nil && below.Mountpoint == m.Mountpoint && below.Root == m.Root && below.FSType == m.FSType
}

// A dirState tells how many names a run directory has, how many mounts of its own, and what is wrong with these mounts.
type dirState struct {
	names, mounts int
	self          bool   // each of these mounts is the directory itself
	fault         string // or ""
}

// stateOfDir looks at a run directory, and does not leave it open: an open one is busy.
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
	other := slices.ContainsFunc(t.own, func(m *mountinfo.Info) bool { return !t.isSelf(m) })
	state = dirState{names: len(names), mounts: len(t.own), self: !other}
	switch {
	case len(t.own) > 1:
		state.fault = fmt.Sprintf("the run directory is mounted %d times", len(t.own))
	case t.isDoubled():
		state.fault = "the run directory is in the peer group of the mount it is in, so every namespace is mounted twice"
	}
	return state, err
}
