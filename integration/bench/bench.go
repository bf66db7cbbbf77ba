package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/holders"
	"golang.org/x/sys/unix"
)

// A bench has the state that the lines share.
type bench struct {
	netns        string // the command
	programs     string // the directory of the small programs
	short        bool
	env          []string
	null, stderr *os.File
	floor        *floor
	fresh        int // the number of used names
}

func newBench(binary, programs string, short bool) (b *bench, err error) {
	b = &bench{short: short, floor: newFloor()}
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return nil, err
	}
	b.env = os.Environ()
	if b.netns, err = exec.LookPath(binary); err != nil {
		return nil, fmt.Errorf("%w: run it with make bench", err)
	}
	if b.netns, err = filepath.Abs(b.netns); err != nil {
		return nil, err
	}
	if b.programs, err = filepath.Abs(programs); err != nil {
		return nil, err
	}
	if b.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("stderr", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	b.stderr = os.NewFile(uintptr(fd), "stderr")
	return b, nil
}

// program returns the path of a small program.
func (b *bench) program(name string) string { return filepath.Join(b.programs, name) }

// size returns full, or few in a short run.
func (b *bench) size(full, few int) int {
	if b.short {
		return few
	}
	return full
}

// names returns unused names.
func (b *bench) names(n int) (names []string) {
	for range n {
		b.fresh++
		names = append(names, fmt.Sprintf("b%06d", b.fresh))
	}
	return names
}

// command returns a side that runs command lines one after the other, without a shell, until one fails. The word netns is the measured
// command, and X a fresh name.
func (b *bench) command(lines ...string) side {
	return func() (func() error, error) {
		name := b.names(1)[0]
		var commands [][]string
		for _, text := range lines {
			words := strings.Fields(text)
			for i := range words {
				if words[i] == "X" {
					words[i] = name
				}
			}
			commands = append(commands, words)
		}
		return b.commands(commands...)
	}
}

func (b *bench) commands(lines ...[]string) (func() error, error) {
	var paths []string
	for _, words := range lines {
		path, err := exec.LookPath(words[0])
		if words[0] == "netns" {
			path, err = b.netns, nil
		}
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return func() error {
		for i, words := range lines {
			if err := b.start(paths[i], words).wait(); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// A process is a started process, or the error of its start.
type process struct {
	*bench
	words []string
	pid   int
	err   error
}

// start does less than package os/exec, whose work would be measured, too.
func (b *bench) start(path string, words []string) process {
	pid, err := syscall.ForkExec(path, words, &syscall.ProcAttr{
		Env: b.env, Files: []uintptr{b.null.Fd(), b.null.Fd(), b.stderr.Fd()},
	})
	return process{b, words, pid, err}
}

// wait returns an error unless the process succeeds.
func (p process) wait() error {
	var status syscall.WaitStatus
	for p.err == nil {
		if _, p.err = syscall.Wait4(p.pid, &status, 0, nil); p.err != syscall.EINTR {
			break
		}
		p.err = nil
	}
	if p.err == nil && status == 0 {
		return nil
	}
	said, _ := io.ReadAll(io.NewSectionReader(p.stderr, 0, 1000))
	return fmt.Errorf("%.200q: %v, wait status %#x: %s", p.words, p.err, status, bytes.TrimSpace(said))
}

// populate makes or removes namespaces until n exist, and waits until the kernel has taken down the removed ones.
func (b *bench) populate(n int) error {
	dir, err := netns.OpenDir("")
	if err != nil {
		return err
	}
	defer dir.Close()
	there, err := dir.Names()
	if err != nil {
		return err
	}
	stay := map[string]bool{}
	for i := range n {
		stay[base(i)] = true
	}
	removed := 0
	for _, name := range there {
		if stay[name] {
			delete(stay, name)
			continue
		}
		if err := remove(name); err != nil {
			return err
		}
		removed++
	}
	if removed > 0 {
		if err := settle(); err != nil {
			return err
		}
	}
	missing := []string{}
	for i := range n {
		if stay[base(i)] {
			missing = append(missing, base(i))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return netns.Create(context.Background(), missing, netns.Options{})
}

// base returns a name that populate makes.
func base(i int) string { return fmt.Sprintf("there%05d", i) }

func remove(name string) error {
	path := filepath.Join(netns.DefaultDir, name)
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
		return &os.PathError{Op: "umount", Path: path, Err: err}
	}
	return os.Remove(path)
}

// settle waits until the kernel has taken down the deleted namespaces, which it does in the background.
func settle() error {
	w, err := holders.NewWitness()
	if err != nil {
		return err
	}
	_, err = w.Wait(context.Background())
	w.Close()
	time.Sleep(50 * time.Millisecond) // for the witness itself
	return err
}
