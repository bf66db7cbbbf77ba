package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/netns-go/netns"
	"golang.org/x/sys/unix"
)

// A floor makes namespaces as cheaply as one thread can, at the kernel's own cost. The thread stays in the last namespace.
type floor struct {
	names  chan []string
	result chan error
}

func newFloor() *floor {
	f := &floor{make(chan []string), make(chan error)}
	go func() {
		runtime.LockOSThread()
		for names := range f.names {
			f.result <- makeEach(names)
		}
	}()
	return f
}

func (f *floor) create(names []string) error {
	f.names <- names
	return <-f.result
}

func makeEach(names []string) error {
	for _, name := range names {
		if err := makeOne(filepath.Join(netns.DefaultDir, name)); err != nil {
			return fmt.Errorf("floor: %s: %w", name, err)
		}
	}
	return nil
}

func makeOne(path string) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo); err != nil {
		return os.NewSyscallError("ioctl", err)
	}
	file, err := unix.Open(path, unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	defer unix.Close(file)
	return os.NewSyscallError("mount", unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, ""))
}

// floored returns a side that makes n namespaces by the floor.
func (b *bench) floored(n int) side {
	return func() (func() error, error) {
		names := b.names(n)
		return func() error { return b.floor.create(names) }, nil
	}
}
