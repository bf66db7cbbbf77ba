//go:build linux

package persist

import (
	"context"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A held name is locked: no transaction changes its state while the file is open.
type held struct {
	top     *os.File // the uppermost layer: a namespace as such, anything else with O_PATH
	mounted bool     // the top is a namespace
	file    *os.File // the lowest layer, locked; or the symbolic link itself
	plain   bool     // the lowest layer is not a regular file, so it has no claim and no lock
	blind   error    // the error of opening the lowest layer, which then has no lock; see isBlind
	state   State
	stat    unix.Stat_t // of file
	text    []byte      // of file, once markGoing has read it
}

func (h *held) close() { // also if only part of it is open
	h.top.Close()
	h.file.Close()
}

// hold waits until no transaction holds a name, and holds it.
func (s *Store) hold(ctx context.Context, name string) (h *held, err error) {
	for h == nil && err == nil {
		h, err = s.holdOnce(ctx, name)
	}
	return h, err
}

// holdOnce is one attempt at hold. It returns nil if the name changed meanwhile.
func (s *Store) holdOnce(ctx context.Context, name string) (found *held, err error) {
	h := &held{}
	defer func() {
		if found == nil {
			h.close()
		}
	}()
	var top unix.Stat_t
	if h.top, top, h.mounted, err = s.openShown(name); err != nil || h.top == nil {
		return nil, err
	}
	if err = s.openBelow(h, name, &top); isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, refused(err)
	}
	if h.blind == nil {
		if h.stat, err = sys.Fstat(h.file); err != nil {
			return nil, err
		}
		if h.plain = h.stat.Mode&unix.S_IFMT != unix.S_IFREG; !h.plain {
			if err := s.lockFor(ctx, name, h.file); err != nil {
				return nil, err
			}
		}
	}
	if same, err := s.stillShows(name, &top); err != nil || !same {
		return nil, err
	}
	if h.state == "" {
		record, recordErr := readRecord(h.file)
		if h.state, err = uncoveredState(record, recordErr, name, &h.stat); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// openBelow opens the file that a name has below h.top, or that h.top is; it opens a link as such. It sets the state to Ready
// for a network namespace or a link, to OtherNamespace for another namespace, and otherwise leaves it open. If the name changed
// meanwhile, it returns a *NotExistError.
func (s *Store) openBelow(h *held, name string, top *unix.Stat_t) (err error) {
	switch top.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		h.state = Ready
		h.file, err = s.openTop(name)
		return err
	case unix.S_IFREG:
	default:
		return &StateError{s.Path(name), Entry{Name: name, State: unclaimedState(top)}}
	}
	if h.mounted {
		kind, err := sys.NamespaceType(h.top)
		if err != nil {
			return err
		}
		if h.state = Ready; kind != unix.CLONE_NEWNET {
			h.state = OtherNamespace
		}
		h.file, err = s.openBare(name, unix.O_RDWR)
		switch {
		case isBlind(err):
			h.blind, err = err, nil
		case err == errNoRecord:
			h.file, err = s.openBare(name, unix.O_PATH)
		}
		return err
	}
	h.file, err = s.open(s.dir, name, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if err != nil { // EPERM, if a namespace was mounted there just now
		if same, lookErr := s.stillShows(name, top); lookErr == nil && !same {
			err = &NotExistError{s.Path(name)}
		}
	}
	return err
}
