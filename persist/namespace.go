package persist

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readersPatience is how long a reader waits for a namespace that is about to be mounted, which takes microseconds.
const readersPatience = time.Second

// Namespace opens the network namespace of a name, for setns(2). Where a live transaction is about to mount it, it
// waits a moment. It follows links, and needs no privilege.
//
// It returns a *[NameError], a *[NotExistError], or a *[StateError] for what is no network namespace.
func (s *Store) Namespace(ctx context.Context, name string) (ns *os.File, err error) {
	if err := CheckFileName(name); err != nil {
		return nil, err
	}
	var inProgress error
	err = wait(ctx, readersPatience, func() error {
		ns, err = s.openNamespace(name)
		var state *StateError
		if errors.As(err, &state) && state.State == InProgress {
			inProgress = err
			return unix.EAGAIN
		}
		return err
	})
	if err == errPatience {
		err = inProgress
	}
	return ns, err
}

func (s *Store) openNamespace(name string) (*os.File, error) {
	// With O_PATH first: whatever else a link leads to, a device say, is not opened.
	target, err := openAt(s.dir, name, unix.O_PATH, 0)
	if err != nil {
		if _, lookupErr := s.Lookup(name); lookupErr != nil {
			return nil, lookupErr
		}
		return nil, err // a dangling link
	}
	defer target.Close()
	if ns, err := isNamespace(target); err != nil {
		return nil, err
	} else if !ns {
		entry, err := s.Lookup(name)
		if err != nil {
			return nil, err
		}
		if entry.State == Ready || entry.State == Kept { // mounted meanwhile
			entry.State = InProgress
		}
		return nil, &StateError{s.Path(name), entry}
	}
	f, err := os.Open(procPath(target))
	if err != nil {
		return nil, err
	}
	if kind, err := unix.IoctlRetInt(int(f.Fd()), unix.NS_GET_NSTYPE); err != nil || kind != unix.CLONE_NEWNET {
		f.Close()
		return nil, &StateError{s.Path(name), Entry{Name: name, State: Foreign}}
	}
	return f, nil
}
