//go:build linux

package netns

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A process is one that /proc shows. Its directory is open, so that whatever is read there is this process's, even after
// its number was given to another one.
type process struct {
	pid  int
	dir  int
	keep bool   // leave dir open
	buf  []byte // for what is read; one for all processes, or the garbage collector would do most of the work
}

// A procLook is what a look through /proc met beside the processes.
type procLook struct {
	ended   []int // what was listed and had ended when it was looked at
	refused error // of the first process that may not be looked into
}

// eachProcess calls f for each process that /proc shows, the lowest number first. f may return that the process has ended,
// or that it may not be looked into.
func eachProcess(ctx context.Context, f func(*process) error) (look procLook, err error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
	proc, err := unix.Open("/proc", flags, 0)
	if err != nil {
		return look, &os.PathError{Op: "open", Path: "/proc", Err: err}
	}
	defer unix.Close(proc)
	buf := make([]byte, 16<<10)
	pids, err := numbersIn(proc, buf)
	if err != nil {
		return look, &os.PathError{Op: "readdir", Path: "/proc", Err: err}
	}
	for _, pid := range pids {
		if ctx.Err() != nil {
			return look, context.Cause(ctx)
		}
		dir, err := unix.Openat(proc, strconv.Itoa(pid), flags, 0)
		if err == nil {
			p := &process{pid: pid, dir: dir, buf: buf}
			err = f(p)
			if !p.keep {
				unix.Close(dir)
			}
		}
		switch {
		case err == nil:
		case isRefused(err):
			if look.refused == nil {
				look.refused = fmt.Errorf("process %d: %w", pid, err)
			}
		case isGone(err):
			look.ended = append(look.ended, pid)
		default:
			return look, fmt.Errorf("process %d: %w", pid, err)
		}
	}
	return look, nil
}

// isGone reports whether an error of a call in /proc means that the process has ended.
func isGone(err error) bool { return err == unix.ENOENT || err == unix.ESRCH }

// isRefused reports whether it means that we may not look.
func isRefused(err error) bool { return err == unix.EACCES || err == unix.EPERM }

// numbersIn returns the names in an open directory that are numbers.
func numbersIn(dir int, buf []byte) (numbers []int, err error) {
	var names []string
	for {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil || n == 0 {
			return numbers, err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		for _, name := range names {
			if number, err := strconv.Atoi(name); err == nil {
				numbers = append(numbers, number)
			}
		}
	}
}

// numbers returns the names in a directory of the process that are numbers: its threads' or its descriptors'.
func (p *process) numbers(name string) ([]int, error) {
	dir, err := unix.Openat(p.dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	return numbersIn(dir, p.buf)
}

// link returns what a link of the process leads to. It is good until the next call.
func (p *process) link(name string) ([]byte, error) {
	n, err := unix.Readlinkat(p.dir, name, p.buf)
	if err != nil {
		return nil, err
	}
	return p.buf[:n], nil
}

// eachThread calls f for each thread with the network namespace that it is in, as its link shows that, which is good for
// the call. The main thread has the process's number. If it is ended, also unburied, it is in none: that is an ESRCH.
func (p *process) eachThread(f func(tid int, namespace []byte)) (err error) {
	tids := []int{p.pid}
	var task unix.Stat_t
	// The links of the directory are its threads and two more (proc_task_getattr). Most processes have one.
	if unix.Fstatat(p.dir, "task", &task, 0) != nil || task.Nlink != 3 {
		tids, err = p.numbers("task")
	}
	ended := true
	for _, tid := range tids {
		link, linkErr := p.link("task/" + strconv.Itoa(tid) + "/ns/net")
		switch {
		case linkErr == nil:
			f(tid, link)
		case !isGone(linkErr):
			err = linkErr
		default:
			continue
		}
		ended = false
	}
	if err == nil && ended {
		return unix.ESRCH
	}
	return err
}

// command returns the process's name, as ps shows it, or "" if it has ended.
func (p *process) command() string {
	fd, err := unix.Openat(p.dir, "comm", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	var buf [64]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil || n == 0 {
		return ""
	}
	return string(buf[:n-1]) // without the newline
}

// exists reports whether the process has not been buried yet.
func (p *process) exists() bool { return unix.Faccessat(p.dir, "comm", unix.F_OK, 0) == nil }

// selfInProc returns our own process's number as /proc shows it: that may belong to another PID namespace.
func selfInProc() int {
	target, _ := os.Readlink("/proc/self")
	self, _ := strconv.Atoi(target)
	return self
}
