package persist

import "os"

// MaxStage is the length of the longest stage name that a record can hold, in bytes.
const MaxStage = 64

// A Claim is the reservation of the names of one transaction: the file that is linked to each of them, below the
// mount. As long as any process has it open, the transaction lives. Its descriptor, and nothing else, is the identity
// of what was published: inode numbers and names are used again at once.
type Claim struct {
	store *Store
	file  *os.File
}

// ClaimFromFile makes a Claim of one that is open already, as it is in a child. The Claim closes the file.
func (s *Store) ClaimFromFile(f *os.File) *Claim { return &Claim{s, f} }

// File returns the open claim, to be handed to a child. It belongs to the Claim.
func (c *Claim) File() *os.File { return c.file }

// Close gives up the lock, unless another process has the claim open as well.
func (c *Claim) Close() error { return c.file.Close() }
