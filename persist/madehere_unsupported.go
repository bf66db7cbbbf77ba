//go:build !linux

package persist

import "os"

func (s *Store) MadeElsewhere(names []string, shown []*os.File) (string, error) {
	return "", unsupported()
}
