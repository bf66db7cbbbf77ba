//go:build linux

package persist

import (
	"os"

	"github.com/netns-go/netns/internal/sys"
)

// isOfLastDone says whether what is below a name's mount is the claim that was found done last: one claim serves all names
// of a transaction, and what is done is so for good.
func (s *Store) isOfLastDone(name string) bool {
	last := s.lastDone.Load()
	if last == nil {
		return false
	}
	bare, err := s.uncovered()
	if err != nil {
		return false
	}
	below, err := s.statIn(bare, name)
	// If it is still the last one, it was open meanwhile.
	return err == nil && uint64(below.Dev) == last.device && below.Ino == last.inode && s.lastDone.Load() == last
}

// keepDone makes a claim that is done the last one, and closes the one before.
func (s *Store) keepDone(claim *os.File) {
	st, err := sys.Fstat(claim)
	if err != nil {
		claim.Close()
		return
	}
	if before := s.lastDone.Swap(&doneClaim{claim, uint64(st.Dev), st.Ino}); before != nil {
		before.file.Close()
	}
}
