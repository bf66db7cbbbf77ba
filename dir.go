package netns

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/netns-go/netns/persist"
)

// DefaultDir is the run directory of ip-netns(8): /run/netns.
const DefaultDir = persist.DefaultDir

// A Dir is a run directory: the names in it, and the namespaces that are mounted onto them. It is safe for concurrent use.
//
// A missing directory is as good as an empty one. A Dir always works in the directory that its path leads to, even if that is
// made, mounted or removed after OpenDir.
type Dir struct {
	path string

	mu     sync.Mutex
	store  *sharedStore // what the path led to at the last call, or nil
	closed bool
}

// A sharedStore is an open run directory. It is closed when its last user is done.
type sharedStore struct {
	*persist.Store
	dir   *Dir
	users int
}

// OpenDir opens a run directory. The path "" means [DefaultDir]. It returns a *[TrustError] if another user could write to the
// directory. It needs no privilege.
func OpenDir(path string) (*Dir, error) {
	path, err := persist.DirPath(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{path: path}
	s, err := d.acquire()
	if err != nil {
		return nil, err
	}
	s.release()
	return d, nil
}

// inDefault returns a Dir that opens DefaultDir when it is needed. If a method has opened it, Close must be called.
func inDefault() *Dir { return &Dir{path: DefaultDir} }

// split returns the directory of a path and the name in it.
func split(path string) (*Dir, string, error) {
	dir, name := filepath.Split(path)
	dir, err := filepath.Abs(dir) // "" of a mere name is the working directory
	return &Dir{path: dir}, name, err
}

// Path returns the absolute path of the directory.
func (d *Dir) Path() string { return d.path }

// Close closes the directory. Names and namespaces stay. Methods that look into the directory then return an error that matches
// os.ErrClosed. Close may be called again.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return d.forget()
}

// acquire returns the directory that the path leads to, or nil if it is missing. The caller releases it.
func (d *Dir) acquire() (*sharedStore, error) {
	d.mu.Lock()
	if d.store != nil && !d.store.IsCurrent() {
		_ = d.forget()
	}
	d.mu.Unlock()
	return d.acquireOpen()
}

// acquireOpen is acquire, but if a directory is open, it returns that without looking at the path.
func (d *Dir) acquireOpen() (*sharedStore, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, &os.PathError{Op: "use", Path: d.path, Err: os.ErrClosed}
	}
	if d.store == nil {
		store, err := persist.Open(d.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		d.store = &sharedStore{store, d, 1} // for the Dir itself
	}
	d.store.users++
	return d.store, nil
}

// acquireFor is acquire for a name in the directory: if the directory is missing, so is the name.
func (d *Dir) acquireFor(name string) (*sharedStore, error) { return d.acquireBy(name, d.acquire) }

// acquireBy is acquireFor with a given acquire.
func (d *Dir) acquireBy(name string, acquire func() (*sharedStore, error)) (*sharedStore, error) {
	if err := persist.CheckFileName(name); err != nil {
		return nil, err
	}
	s, err := acquire()
	if s == nil && err == nil {
		err = &NotExistError{Path: filepath.Join(d.path, name)}
	}
	return s, err
}

// Names returns the names in the directory, or none if the directory is removed meanwhile.
func (s *sharedStore) Names() ([]string, error) {
	names, err := s.Store.Names()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

func (s *sharedStore) release() {
	if s != nil {
		s.dir.mu.Lock()
		defer s.dir.mu.Unlock()
		_ = s.drop()
	}
}

// forget drops the store that is open. The caller of forget or drop has locked the Dir.
func (d *Dir) forget() error {
	s := d.store
	if s == nil {
		return nil
	}
	d.store = nil
	return s.drop()
}

func (s *sharedStore) drop() error {
	if s.users--; s.users > 0 {
		return nil
	}
	return s.Close()
}
