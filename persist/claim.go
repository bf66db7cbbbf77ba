//go:build linux

package persist

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Claim makes a claim on names, which nobody sees before it is published. The names must satisfy [CheckName]; whether
// they are free, Publish finds out. Closing the claim gives up what was not published.
//
// It returns an *[UnsupportedError] where the file system has no O_TMPFILE.
func (s *Store) Claim(names []string) (c *Claim, err error) {
	// Mode 0, so that nobody without privilege can open it and lock us out.
	f, err := sys.OpenAt(s.dir, ".", unix.O_TMPFILE|unix.O_RDWR, 0)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) {
		return nil, &UnsupportedError{"its file system lacks O_TMPFILE; tmpfs, ext4, xfs and btrfs have it", err}
	}
	if err != nil {
		return nil, refused(err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	r := record{tx: txBegun, boot: bootID(), pid: os.Getpid()}
	for _, name := range names {
		r.members = append(r.members, member{state: memberHere, name: name})
	}
	if r.mntns, err = thisMountNS(); err != nil {
		return nil, err
	}
	if err := lockClaim(f); err != nil {
		return nil, sys.PathError("fcntl", s.Dir(), err)
	}
	if _, err := f.WriteAt(r.encode(), 0); err != nil {
		return nil, err
	}
	return &Claim{s, f}, nil
}

// Link gives the claim a name, which reserves it: readers wait for what will be mounted there, and writers fail.
// It returns a *[StateError] if the name is taken.
func (c *Claim) Link(name string) error {
	for {
		err := sys.Again(func() error {
			return unix.Linkat(unix.AT_FDCWD, sys.FdPath(c.file), int(c.store.dir.Fd()), name, unix.AT_SYMLINK_FOLLOW)
		})
		if err != unix.EEXIST {
			return NeedsProc(sys.PathError("link", c.store.Path(name), err))
		}
		entry, err := c.store.Lookup(name)
		if isMissing(err) {
			continue // it is free now
		}
		if err != nil {
			return err
		}
		return &StateError{c.store.Path(name), entry}
	}
}

// Mount mounts an open namespace onto a name that the claim is linked to. It returns a *[BusyError] if another process,
// which must not, took the name away.
func (c *Claim) Mount(name string, ns *os.File) error {
	replaced := &BusyError{c.store.Path(name), "another process removed the file that was to be mounted on"}
	target, err := c.store.openTop(name)
	if isMissing(err) {
		return replaced
	}
	if err != nil {
		return err
	}
	defer target.Close()
	if ours, err := sys.SameFile(target, c.file); err != nil {
		return err
	} else if !ours {
		return replaced
	}
	err = sys.Again(func() error { return unix.Mount(sys.FdPath(ns), sys.FdPath(target), "", unix.MS_BIND, "") })
	err = NeedsProc(explainMount("mount", c.store.Path(name), err))
	if errors.Is(err, unix.ENOENT) && !errors.Is(err, errors.ErrUnsupported) { // removed since it was opened
		return replaced
	}
	return err
}

// Withdraw takes back Link and Mount, or what of them was done. It succeeds where nothing of this claim is left.
func (c *Claim) Withdraw(name string) error {
	st, err := sys.Fstat(c.file)
	if err != nil || st.Nlink == 0 {
		return err
	}
	return c.store.unpublish(name, &st)
}

// Published says whether the claim has any name.
func (c *Claim) Published() (bool, error) {
	st, err := sys.Fstat(c.file)
	return st.Nlink > 0, err
}

// Done records that the transaction is complete: the commit point. What was published stays from now on.
func (c *Claim) Done() error { return c.write(stateAt, []byte{txDone}) }

// Keep is Done for a transaction in which the named stage failed on a member and what there was of it was published.
// The stage's name has at most MaxStage bytes.
func (c *Claim) Keep(name, stage string) error {
	r, err := readRecord(c.file)
	if err != nil {
		return err
	}
	if m := r.member(name); m != nil {
		if err := c.write(m.at, []byte{memberKept}); err != nil {
			return err
		}
	}
	if err := c.write(stageAt, fmt.Appendf(nil, "%-*s", stageWidth, stage)[:stageWidth]); err != nil {
		return err
	}
	return c.write(stateAt, []byte{txKept})
}

// Committed says whether Done or Keep was called on the claim, by whichever process.
func (c *Claim) Committed() (bool, error) {
	var tx [1]byte
	_, err := c.file.ReadAt(tx[:], stateAt)
	return tx[0] == txDone || tx[0] == txKept, err
}

func (c *Claim) write(at int64, data []byte) error {
	_, err := c.file.WriteAt(data, at)
	return err
}

// Reserve sees to it that a name is free, as far as that can be known before it is linked: what a dead transaction left
// of it is removed. It returns a *[StateError] if the name is taken.
func (s *Store) Reserve(ctx context.Context, name string) error {
	entry, err := s.Lookup(name)
	switch {
	case err == nil && entry.State == Stale:
		err = s.Repair(ctx, name)
	case err == nil:
		return &StateError{s.Path(name), entry}
	}
	if isMissing(err) {
		return nil
	}
	return err
}
