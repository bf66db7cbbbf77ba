//go:build linux

package stages

import (
	"os"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// unshare makes the namespace. It has no name, so there is nothing to undo: it ends with the child.
type unshare struct{ Inside }

func decodeUnshare([]byte) (Stage, error) { return unshare{}, nil }

func (unshare) Do(t *Target) (err error) {
	switch err := unix.Unshare(unix.CLONE_NEWNET); err {
	case nil:
	case unix.EINVAL:
		return &persist.UnsupportedError{Need: "this kernel has no network namespaces (CONFIG_NET_NS)", Err: err}
	default:
		return persist.Explain(unix.CAP_SYS_ADMIN, "making a network namespace", "user.max_net_namespaces", err)
	}
	t.ns, err = openOwn()
	return err
}

// openOwn opens the thread's namespace, without the Go runtime's poller.
func openOwn() (*os.File, error) {
	const path = "/proc/thread-self/ns/net" // self would be the process's first thread, in any namespace
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}
