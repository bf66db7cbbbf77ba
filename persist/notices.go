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

// notices are what a watcher waits for: inotify(7) for what happens in directories, and poll(2) of mountinfo, which says
// that something was mounted or unmounted in this mount namespace (proc_pid_mounts(5)). Mountinfo is never read: that
// takes longer the more mounts there are.
type notices struct {
	inotify int
	// Not an *os.File: the Go runtime would poll it as well, and each change is told to one of both only.
	mountinfo int
	wake      *os.File // an eventfd: what is written to it ends the wait
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
			err = fmt.Errorf("%w: this process has as many as it may have, or this user as many inotify instances as "+
				"the sysctl fs.inotify.max_user_instances says", err)
		}
		return nil, err
	}
	const path = "/proc/thread-self/mountinfo"
	err = sys.Again(func() (err error) {
		n.mountinfo, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
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

// wait returns when there is something to be looked at.
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

// What removes a name, or puts another file in its place, and what makes one.
const (
	removing = unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO
	making   = unix.IN_CREATE
)

// watch watches the directory at path, called name in an error. Watched already, it keeps its number, and misses nothing:
// without IN_MASK_ADD the kernel takes the mask away for a moment (inotify_update_existing_watch), and drops what happens
// then.
func (n *notices) watch(path, name string) (watch int, err error) {
	err = sys.Again(func() (err error) {
		watch, err = unix.InotifyAddWatch(n.inotify, path, removing|making|unix.IN_ONLYDIR|unix.IN_MASK_ADD)
		return err
	})
	err = sys.PathError("inotify_add_watch", name, err)
	if errors.Is(err, unix.ENOSPC) {
		err = fmt.Errorf("%w: this user has as many watches as the sysctl fs.inotify.max_user_watches says", err)
	}
	return watch, err
}

// unwatch ends a watch, if there still is one.
func (n *notices) unwatch(watch int) {
	if watch != none {
		_, _ = unix.InotifyRmWatch(n.inotify, uint32(watch))
	}
}

// An event is what inotify says about a watched directory, or a name in it.
type event struct {
	watch int
	mask  uint32
	name  string
}

func (e event) overflow() bool { return e.mask&unix.IN_Q_OVERFLOW != 0 }
func (e event) removes() bool  { return e.mask&removing != 0 }

// read calls apply for every event that there is, and does not wait for more.
func (n *notices) read(apply func(event)) error {
	buffer := make([]byte, 64<<10)
	for {
		size := 0
		err := sys.Again(func() (err error) {
			size, err = unix.Read(n.inotify, buffer)
			return err
		})
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
