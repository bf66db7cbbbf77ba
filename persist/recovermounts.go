//go:build linux

package persist

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ownMounts returns the mounts of a directory, the uppermost last, and whether that one's mounts are doubled because it
// is in the peer group of the mount it is in.
func ownMounts(dir string, mounts []mount) (own []mount, doubled bool) {
	byID := map[string]mount{}
	for _, m := range mounts {
		byID[m.id] = m
		if m.point == dir {
			own = append(own, m)
		}
	}
	if len(own) == 0 {
		return nil, false // the first create sees to it
	}
	top := own[len(own)-1]
	return own, top.peers != "" && top.peers == byID[top.parent].peers
}

// recoverMounts is Recover for what is mounted in the run directory.
func (s *Store) recoverMounts(mounts []mount, dry bool) []Finding {
	own, doubled := ownMounts(s.Dir(), mounts)
	byID := map[string]mount{}
	for _, m := range mounts {
		byID[m.id] = m
	}
	var findings []Finding
	for _, m := range mounts {
		name, inside := strings.CutPrefix(m.point, s.Dir()+"/")
		if !inside || m.fstype != "nsfs" || strings.Contains(name, "/") {
			continue
		}
		f := Finding{Name: name, Path: m.point, State: Ready}
		below := byID[m.parent]
		switch {
		case below.point == m.point && below.root == m.root:
			f.Action, f.Reason = Remove, "the same namespace is mounted on it twice"
			if !dry {
				f.Err = s.peelTwin(name)
			}
		case below.point == m.point:
			f.Action, f.Reason = Leave, "another mount is hidden below its namespace; deleting the name removes both"
		case len(own) > 0 && m.parent != own[len(own)-1].id && !doubled:
			f.Action, f.Reason = Leave, "it is also mounted below the run directory's own mount, where it cannot be reached"
		default:
			continue
		}
		findings = append(findings, f)
	}
	return findings
}

// peelTwin unmounts the upper one of two mounts of the same namespace.
func (s *Store) peelTwin(name string) error {
	upper, err := s.openTop(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer upper.Close()
	return pathError("umount", s.Path(name), detach(upper))
}

// recoverDir is Recover for the run directory's own mounts.
func recoverDir(dir string, mounts []mount, dry bool) ([]Finding, error) {
	own, doubled := ownMounts(dir, mounts)
	f := Finding{Path: dir, Action: Remount}
	switch {
	case len(own) > 1:
		f.Reason = "the run directory is mounted " + strconv.Itoa(len(own)) + " times"
	case doubled:
		f.Reason = "the run directory is in the peer group of the mount it is in, so every namespace is mounted twice"
	default:
		return nil, nil
	}
	names, err := namesIn(dir)
	switch {
	case err != nil:
		return nil, err
	case len(names) > 0:
		f.Action = Leave
		f.Reason += "; that can be mended when it is empty"
	case !dry:
		f.Err = remount(dir, len(own))
	}
	return []Finding{f}, nil
}

func namesIn(dir string) ([]string, error) {
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Names()
}

// remount leaves an empty run directory one mount of all it has, in a peer group of its own. A mount that
// somebody has open, to mount in it perhaps, is busy, and stays.
func remount(dir string, mounts int) error {
	for ; mounts > 1; mounts-- {
		if err := again(func() error { return unix.Unmount(dir, unix.UMOUNT_NOFOLLOW) }); err != nil {
			return pathError("umount", dir, err)
		}
	}
	for _, flags := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err := again(func() error { return unix.Mount("", dir, "", flags, "") }); err != nil {
			return pathError("mount", dir, err)
		}
	}
	return nil
}
