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

	// bare is the directory without the mounts in it. It gives access to the files that they cover. Dropping a cloned
	// mount waits for the kernel's readers, so it is cloned once, and only if it is needed.
	mu   sync.Mutex
	bare *os.File

	lastDone atomic.Pointer[doneClaim] // see isOfLastDone
}

// A doneClaim is the claim of a complete transaction. While it is open, the kernel gives its numbers to no other file.
type doneClaim struct {
	file          *os.File
	device, inode uint64
}

// DirPath returns the absolute path of a run directory, or of the default one if dir is empty.
func DirPath(dir string) (string, error) { return filepath.Abs(cmp.Or(dir, DefaultDir)) }

// FromFile makes a Store of an open run directory, as a child inherits it. The name of the file is its path. The Store closes
// the file.
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

// File returns the open directory, for a child. It belongs to the Store.
func (s *Store) File() *os.File { return s.dir }

// Dir returns the path of the run directory.
func (s *Store) Dir() string { return s.dir.Name() }

// Path returns the path that a name has or would have.
func (s *Store) Path(name string) string { return filepath.Join(s.Dir(), name) }

// MaxStage is the length of the longest stage name that a record can hold, in bytes.
const MaxStage = 64

// A Claim reserves the names of one transaction. It is the file below the mount that each of these names is a link to. The
// transaction lives while any process has the file open. The open file alone identifies what was published, because the
// kernel uses inode numbers and names again at once.
type Claim struct {
	store *Store
	file  *os.File
}

// ClaimFromFile makes a Claim of an open one, as a child inherits it. The Claim closes the file.
func (s *Store) ClaimFromFile(f *os.File) *Claim { return &Claim{s, f} }

// File returns the open claim, for a child. It belongs to the Claim.
func (c *Claim) File() *os.File { return c.file }

// Close gives up the lock, unless another process also has the claim open.
func (c *Claim) Close() error { return c.file.Close() }
