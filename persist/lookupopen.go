//go:build linux

package persist

import (
	"os"

	"github.com/netns-go/netns/internal/sys"
)

// LookupOpen is [Store.Lookup] and [Store.Namespace] at once, for less than either, and without waiting: the namespace is
// the one of which the entry tells. It is nil where the name shows no network namespace, or another one by now, or one that
// cannot be opened. It needs no more privilege than Lookup, and returns the same errors.
func (s *Store) LookupOpen(name string) (Entry, *os.File, error) {
	if err := CheckFileName(name); err != nil {
		return Entry{}, nil, err
	}
	if e, ns, err := s.openMounted(name); ns != nil || err != nil {
		return e, ns, err
	}
	e, err := s.Lookup(name)
	if err != nil || e.Inode == 0 {
		return e, nil, err
	}
	ns, err := s.openNamespace(name)
	if err != nil { // gone by now, or of another type
		return e, nil, nil
	}
	if st, err := sys.Fstat(ns); err != nil || st.Ino != e.Inode {
		ns.Close()
		return e, nil, err
	}
	return e, ns, nil
}

// openMounted is LookupOpen for a name that a network namespace is plainly mounted on; else it returns neither a file nor
// an error.
func (s *Store) openMounted(name string) (e Entry, _ *os.File, _ error) {
	f, st, mounted, err := s.openShown(name)
	if err != nil || f == nil {
		return e, nil, nil
	}
	if mounted && sys.IsNetwork(f) {
		e = Entry{Name: name, State: Ready, Inode: st.Ino}
		if err = s.judge(&e); err == nil {
			return e, f, nil
		}
	}
	f.Close()
	if isMissing(err) {
		err = nil // it has gone since
	}
	return e, nil, err
}
