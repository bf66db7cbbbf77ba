package netns

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/netns-go/netns/persist"
)

// A Dir is an open run directory, for work on many names: functions that take a directory's path open it anew each time.
// It is safe for concurrent use.
type Dir struct {
	path  string
	store *persist.Store // nil if there was no such directory
}

// OpenDir opens a run directory ("" for the default one). One that is not there is as good as an empty one. It returns a
// *[TrustError] for one that somebody else could write to.
func OpenDir(dir string) (*Dir, error) {
	dir = cmp.Or(dir, DefaultDir)
	store, err := persist.Open(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &Dir{dir, store}, nil
}

// with calls f with a run directory that is open meanwhile. It has no type parameter: with the dictionary of one, the linker
// would keep all methods of Dir, Namespace and netlink.Handle, a megabyte.
func with(dir string, f func(*Dir) error) error {
	d, err := OpenDir(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return f(d)
}

// Close closes the directory. Names and namespaces stay.
func (d *Dir) Close() {
	if d.store != nil {
		d.store.Close()
	}
}

// has returns the error for a name that cannot be in the directory.
func (d *Dir) has(name string) error {
	if err := persist.CheckFileName(name); err != nil {
		return err
	}
	if d.store == nil {
		return &NotExistError{Path: filepath.Join(d.path, name)}
	}
	return nil
}

// Names is [Names] for this directory.
func (d *Dir) Names() ([]string, error) {
	if d.store == nil {
		return nil, nil
	}
	return d.store.Names()
}

// List is [List] for this directory.
func (d *Dir) List() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		names, err := d.Names()
		var entries []Entry
		if err == nil {
			entries, err = d.lookups(names)
		}
		for _, entry := range entries {
			if !yield(entry, nil) {
				return
			}
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// Lookup is [Lookup] for this directory.
func (d *Dir) Lookup(name string) (Entry, error) {
	if err := d.has(name); err != nil {
		return Entry{}, err
	}
	return d.store.Lookup(name)
}

// LookupOpen is [Lookup] and [Open] at once, for less than either, and without waiting: the namespace is the one of which the
// entry tells. It is nil where the name shows no network namespace, or another one by now, or one that cannot be opened. The
// errors are those of Lookup.
func (d *Dir) LookupOpen(name string) (Entry, *Namespace, error) {
	if err := d.has(name); err != nil {
		return Entry{}, nil, err
	}
	entry, f, err := d.store.LookupOpen(name)
	if f == nil {
		return entry, nil, err
	}
	return entry, &Namespace{d.store.Path(name), f, entry.Inode}, nil
}

// Open is [Open] for this directory.
func (d *Dir) Open(name string) (*Namespace, error) {
	if err := d.has(name); err != nil {
		return nil, err
	}
	f, err := d.store.Namespace(context.Background(), name)
	return opened(d.store.Path(name), f, err)
}

// Delete is [Delete] for this directory; the Dir of the options means nothing here.
func (d *Dir) Delete(ctx context.Context, name string, o DeleteOptions) error {
	err := d.has(name)
	if err == nil {
		err = d.store.Delete(ctx, name, o.Force)
	}
	return o.of(err)
}

// DeleteNames is Delete for one name after the other, until one fails. It takes less time than as many calls of Delete,
// above all for names that one [Create] made. Meanwhile others wait for these, for a second at most.
//
// It returns the network namespaces that the deleted names showed, or nil for a name that showed none, and the error of the
// first that could not be deleted, names[len(deleted)], or the context's cause if that ended before it. The namespaces are
// open, a descriptor each, for [Holders] to tell what keeps them, and are the caller's to close. Best all at once, when
// everything is deleted: while the kernel takes one down, it is slow to unmount another.
func (d *Dir) DeleteNames(ctx context.Context, names []string, o DeleteOptions) (deleted []*Namespace, err error) {
	for len(deleted) < len(names) {
		left := names[len(deleted):]
		var shown []*os.File
		if err = d.has(left[0]); err == nil {
			shown, err = d.store.DeleteNames(ctx, left, o.Force)
		}
		for i, f := range shown {
			var ns *Namespace
			if f != nil {
				ns, _ = opened(d.store.Path(left[i]), f, nil)
			}
			deleted = append(deleted, ns)
		}
		if err != nil {
			if err = o.of(err); err != nil {
				return deleted, err
			}
			deleted = append(deleted, nil)
		}
	}
	return deleted, nil
}

// of returns an error of a Delete with these options.
func (o DeleteOptions) of(err error) error {
	var gone *NotExistError
	if errors.As(err, &gone) && !o.MustExist {
		return nil
	}
	return err
}
