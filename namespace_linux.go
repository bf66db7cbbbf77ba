package netns

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

func opened(path string, f *os.File, err error) (*Namespace, error) {
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "fstat", Path: path, Err: err}
	}
	return &Namespace{path, f, st.Ino}, nil
}

// Delete removes the name under which the namespace was opened, as long as it shows this namespace: what another one has
// become is left alone. A name that is gone is fine, so it can be repeated after an error. The namespace must be open, since
// that tells it from a later one with the same number, and ends when it is closed, unless something else holds it, see
// [Holders]. To delete by the name alone, there is the function [Delete].
//
// It returns what that returns, or an error that matches os.ErrClosed.
func (n *Namespace) Delete(ctx context.Context) error {
	if err := checkOpen(n); err != nil {
		return err
	}
	dir, name := filepath.Split(n.path)
	store, err := persist.Open(filepath.Clean(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer store.Close()
	err = store.DeleteShown(ctx, name, n.file, false)
	var gone *NotExistError
	if errors.As(err, &gone) {
		return nil
	}
	return err
}
