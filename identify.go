package netns

import (
	"errors"
	"io/fs"

	"github.com/netns-go/netns/persist"
)

// NamesOf returns all names that an open namespace has in a run directory ("" for the default one), sorted; [OpenPID] opens
// that of a process. A directory that is not there has none. It needs no privilege.
func NamesOf(dir string, ns *Namespace) ([]string, error) {
	store, err := persist.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return store.NamesOf(ns.file)
}
