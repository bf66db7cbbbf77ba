package persist

import (
	"cmp"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// A Store is an open run directory. It is safe for concurrent use.
type Store struct {
	dir *os.File

	// bare is the directory without what is mounted in it, so that the files below can be reached. Dropping a cloned
	// mount waits for the kernel's readers, hence it is made once, and not before it is needed.
	mu   sync.Mutex
	bare *os.File

	lastDone atomic.Pointer[doneClaim] // see isOfLastDone

	next atomic.Int64 // where in its claim the member after the last removed one is: mostly the next one to be removed
}

// A doneClaim is a claim of a transaction that is complete. As long as it is open, no other file has its numbers.
type doneClaim struct {
	file          *os.File
	device, inode uint64
}

// DirPath returns the absolute path of a run directory, or of the default one if dir is empty.
func DirPath(dir string) (string, error) { return filepath.Abs(cmp.Or(dir, DefaultDir)) }

// FromFile makes a Store of a run directory that is open already, as it is in a child. The file's name is taken for
// its path, and the Store closes it.
func FromFile(dir *os.File) *Store { return &Store{dir: dir} }

// Close closes the Store. Names and namespaces stay.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bare != nil {
		s.bare.Close()
	}
	if last := s.lastDone.Load(); last != nil {
		last.file.Close()
	}
	return s.dir.Close()
}

// File returns the open directory, to be handed to a child. It belongs to the Store.
func (s *Store) File() *os.File { return s.dir }

// Dir returns the path of the run directory.
func (s *Store) Dir() string { return s.dir.Name() }

// Path returns where a name is, or would be.
func (s *Store) Path(name string) string { return filepath.Join(s.Dir(), name) }
