//go:build linux

package persist

import (
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// Claim makes a claim on names. It has no name itself until Link, which also finds out whether the names are free. The names
// must satisfy [CheckName]. Closing the claim gives up the names that it is not linked to.
//
// It returns an *[UnsupportedError] if the file system lacks O_TMPFILE.
func (s *Store) Claim(names []string) (c *Claim, err error) {
	// Mode 0, so that no process without privilege can open it and keep its lock.
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
		r.members = append(r.members, member{memberHere, name})
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

// Link gives the claim a name, which reserves the name: readers wait for the mount, and writers fail. It returns a
// *[StateError] if the name is taken.
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
			continue // the name is free now
		}
		if err != nil {
			return err
		}
		return &StateError{c.store.Path(name), entry}
	}
}

// Mount mounts an open namespace onto a name that the claim is linked to. It returns a *[BusyError] if another process removed
// the name in spite of the lock.
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
	if errors.Is(err, unix.ENOENT) && !errors.Is(err, errors.ErrUnsupported) { // another process has removed it since
		return replaced
	}
	return err
}

// Withdraw undoes Link and Mount, or the part of them that was done. It succeeds if the name has nothing of this claim.
func (c *Claim) Withdraw(name string) error {
	st, err := sys.Fstat(c.file)
	if err != nil || st.Nlink == 0 {
		return err
	}
	return c.store.unpublish(name, &st)
}

// Done records that the transaction is complete. This is the commit point: from now on, its names stay.
func (c *Claim) Done() error { return c.write(stateAt, []byte{txDone}) }

// Keep is Done for a transaction in which the named stage failed on a member that is published although it is incomplete. The
// name of the stage has at most MaxStage bytes.
func (c *Claim) Keep(name, stage string) error {
	text, err := readText(c.file)
	if err != nil {
		return err
	}
	if at := memberAt(text, name); at != 0 {
		if err := c.write(at, []byte{memberKept}); err != nil {
			return err
		}
	}
	if err := c.write(stageAt, fmt.Appendf(nil, "%-*s", MaxStage, stage)[:MaxStage]); err != nil {
		return err
	}
	return c.write(stateAt, []byte{txKept})
}

// Committed reports whether any process has called Done or Keep on the claim.
func (c *Claim) Committed() (bool, error) {
	var tx [1]byte
	_, err := c.file.ReadAt(tx[:], stateAt)
	return tx[0] == txDone || tx[0] == txKept, err
}

func (c *Claim) write(at int64, data []byte) error {
	_, err := c.file.WriteAt(data, at)
	return err
}
