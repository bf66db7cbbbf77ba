package netns

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

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
	err = store.DeleteShown(ctx, name, n.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// enter puts the calling thread into the namespace.
func (n *Namespace) enter() error {
	if err := checkOpen(n); err != nil {
		return err
	}
	err := os.NewSyscallError("setns", unix.Setns(n.Fd(), unix.CLONE_NEWNET))
	runtime.KeepAlive(n.file)
	return persist.Needs(unix.CAP_SYS_ADMIN, "entering a network namespace", err)
}

// onThread runs enter and, if that succeeds, f on a thread that ends with them and is not the main one.
func onThread(enter, f func() error) error {
	result := make(chan error, 1)
	go func() {
		var err error
		defer func() { result <- err }()
		runtime.LockOSThread() // and no unlock, so that the thread ends with this goroutine
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			err = onThread(enter, f) // not on this thread, which is locked until that returns
			return
		}
		if err = enter(); err == nil {
			err = errors.New("the function ended its goroutine") // as testing.T's Fatal does; else replaced
			err = f()
		}
	}()
	return <-result
}
