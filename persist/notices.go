//go:build linux

package persist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// none stands for no watch.
const none = -1

// notices are the events that a watcher waits for. They come from inotify(7) for directories, and from poll(2) on mountinfo
// for each mount or unmount in this mount namespace (proc_pid_mounts(5)). A watcher never reads mountinfo, because that takes
// time in proportion to all mounts.
type notices struct {
	inotify int
	// Not an *os.File: the Go runtime would poll it too, and the kernel reports each change to only one of the two.
	mountinfo int
	wake      *os.File // an eventfd; writing to it ends the wait
}

func openNotices() (_ *notices, err error) {
	n := &notices{none, none, nil}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if n.inotify, err = unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err != nil {
		err = os.NewSyscallError("inotify_init1", err)
		if errors.Is(err, unix.EMFILE) {
			err = fmt.Errorf("%w: this process has reached its limit of open files, or this user the limit of inotify instances, "+
				"the sysctl fs.inotify.max_user_instances", err)
		}
		return nil, err
	}
	const path = "/proc/thread-self/mountinfo"
	n.mountinfo, err = sys.AgainInt(func() (int, error) { return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, NeedsProc(sys.PathError("open", path, err))
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	n.wake = os.NewFile(uintptr(wake), "eventfd")
	return n, nil
}

func (n *notices) close() {
	for _, fd := range []int{n.inotify, n.mountinfo} {
		if fd != none {
			unix.Close(fd)
		}
	}
	if n.wake != nil {
		n.wake.Close()
	}
}

// wait returns when the watcher has to look.
func (n *notices) wait() error {
	fds := []unix.PollFd{
		{Fd: int32(n.inotify), Events: unix.POLLIN},
		{Fd: int32(n.mountinfo), Events: unix.POLLPRI},
		{Fd: int32(n.wake.Fd()), Events: unix.POLLIN},
	}
	return os.NewSyscallError("poll", sys.Again(func() error {
		_, err := unix.Poll(fds, -1)
		return err
	}))
}

// removing has the events that remove a name or put another file in its place.
const removing = unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO

// watch watches the directory at path, called name in an error. A watched directory keeps its number, and watch loses no
// event. Without IN_MASK_ADD the kernel would clear the mask for a moment (inotify_update_existing_watch), and drop events
// meanwhile.
func (n *notices) watch(path, name string) (watch int, err error) {
	watch, err = sys.AgainInt(func() (int, error) {
		return unix.InotifyAddWatch(n.inotify, path, removing|unix.IN_CREATE|unix.IN_ONLYDIR|unix.IN_MASK_ADD)
	})
	err = sys.PathError("inotify_add_watch", name, err)
	if errors.Is(err, unix.ENOSPC) {
		err = fmt.Errorf("%w: this user has reached the limit of watches, the sysctl fs.inotify.max_user_watches", err)
	}
	return watch, err
}

// unwatch ends a watch that may have ended.
func (n *notices) unwatch(watch int) {
	if watch != none {
		_, _ = unix.InotifyRmWatch(n.inotify, uint32(watch))
	}
}

// An event is one of inotify's, about a watched directory or a name in it.
type event struct {
	watch int
	mask  uint32
	name  string
}

// read calls apply for every event in the queue, and does not wait for more.
func (n *notices) read(apply func(event)) error {
	buffer := make([]byte, 64<<10)
	for {
		size, err := sys.AgainInt(func() (int, error) { return unix.Read(n.inotify, buffer) })
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return os.NewSyscallError("read", err)
		}
		for rest := buffer[:size]; len(rest) > 0; {
			end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(rest[12:]))
			name, _, _ := bytes.Cut(rest[unix.SizeofInotifyEvent:end], []byte{0})
			apply(event{
				watch: int(int32(binary.NativeEndian.Uint32(rest))),
				mask:  binary.NativeEndian.Uint32(rest[4:]),
				name:  string(name),
			})
			rest = rest[end:]
		}
	}
}
