//go:build amd64

package main

import (
	"fmt"
	"slices"
)

// A verdict is the result of a case.
type verdict struct {
	Clean bool   // nothing was left at once
	Left  string // the leftovers that no command repairs, or that are not allowed
	Wrong string // what is wrong with the exit code or the message
}

// judge judges the leftovers of a broken command, and lets the next commands repair them.
func (w *world) judge(s *scenario, a *aim, got answer, recoverFirst bool) verdict {
	var v verdict
	now := w.look(s)
	disorder := s.disorder(now)
	if disorder == "" && s.denies(a, got, now) {
		disorder = fmt.Sprintf("%v, but %v", got, now.names)
	}
	if s.keeps && !now.all(s.names, complete) {
		v.Left = fmt.Sprintf("complete namespaces are gone; left: %v", now.names)
	}
	v.Clean = disorder == ""
	if !v.Clean && !s.mayLeave(a, got) {
		v.Left = disorder
	}
	if !a.Runtime && a.Role != roleProbe {
		v.Wrong = s.wrong(a, got, now)
	}
	if err := w.repair(s, now, recoverFirst); err != nil && v.Left == "" {
		v.Left = err.Error()
	}
	return v
}

// denies reports whether a command that failed, and lived to report it, has made something.
func (s *scenario) denies(a *aim, got answer, now sight) bool {
	failed := got.code != 0 && got.code != codeRemains && !killsParent(a) && !got.timedOut
	return s.creates() && !a.Runtime && failed && !now.all(s.names, absent)
}

// mayLeave reports whether leftovers are allowed. They are if no process lived to undo them. delete and recover cannot restore what
// they have removed, so they may stop in the middle if they report it.
func (s *scenario) mayLeave(a *aim, got answer) bool {
	switch {
	case !s.creates(), got.timedOut:
		return got.code != 0
	case a.Kind == faultBothBefore, a.Kind == faultBothAfter:
		return true
	}
	return false
}

// disorder returns what is wrong in the run directory, or "". Each name must be complete or absent. If the names are being made, all
// must exist or none. The other names must be as before, and nothing else may be mounted.
func (s *scenario) disorder(now sight) string {
	if s.creates() && !now.all(s.names, complete) && !now.all(s.names, absent) {
		return fmt.Sprintf("neither all nor none: %v", now.names)
	}
	want := slices.Clone(s.others())
	for _, name := range s.names {
		switch now.of(name) {
		case complete:
			want = append(want, name)
		case absent:
		default:
			return fmt.Sprintf("%s is %s", name, now.of(name))
		}
	}
	if len(now.names) != len(want) || !now.all(s.others(), complete) {
		return fmt.Sprintf("other names: %v", now.names)
	}
	var mounts []string
	for _, name := range want {
		mounts = append(mounts, runDir+"/"+name)
	}
	if slices.Contains(now.mounts, runDir) || !s.fresh {
		mounts = append(mounts, runDir)
	}
	slices.Sort(mounts)
	if !slices.Equal(mounts, now.mounts) {
		return fmt.Sprintf("mounted: %v", now.mounts)
	}
	return ""
}

// repair makes the names, which no leftover may prevent, and deletes them. It returns an error if anything is left then.
func (w *world) repair(s *scenario, now sight, recoverFirst bool) error {
	if recoverFirst {
		if err := w.must(0, "recover"); err != nil {
			return err
		}
		if now = w.look(s); s.disorder(now) != "" {
			return fmt.Errorf("after recover: %s", s.disorder(now))
		}
	}
	if !s.creates() {
		for _, name := range s.names {
			if now.of(name) == complete { // not removed, and so not a leftover
				if err := w.must(0, verbDelete, name); err != nil {
					return err
				}
			}
		}
		now = w.look(s)
	}
	code := 0
	if now.all(s.names, complete) {
		code = 4 // the transaction was complete, so the names exist
	}
	if err := w.must(code, s.create()...); err != nil {
		return err
	}
	if now = w.look(s); !now.all(s.names, complete) || s.disorder(now) != "" {
		return fmt.Errorf("after the next create: %v", now)
	}
	if err := w.must(0, append([]string{verbDelete}, s.names...)...); err != nil {
		return err
	}
	if w.recover {
		if err := w.must(0, "recover"); err != nil {
			return err
		}
	}
	if now = w.look(s); !now.all(s.names, absent) || s.disorder(now) != "" {
		return fmt.Errorf("after create and delete: %v", now)
	}
	return w.usable()
}
