//go:build linux

package holders

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A process is a process that /proc shows. Its directory is open, so whatever is read there is about this process, even if the
// kernel has given its number to another one.
type process struct {
	pid int
	dir int
	buf []byte // for reading; shared by all processes, because allocating one each takes most of the time
}

// eachProcess calls f for each process that /proc shows, in ascending order. It returns the processes that were listed and have
// ended when their turn comes, and the error of the first process that the caller may not look into. Any other error ends it.
func eachProcess(ctx context.Context, f func(*process) error) (ended []int, refused, err error) {
	proc, err := sys.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, nil, err
	}
	defer proc.Close()
	buf := make([]byte, 16<<10)
	pids, err := sys.Numbers(int(proc.Fd()), buf)
	if err != nil {
		return nil, nil, sys.PathError("readdir", "/proc", err)
	}
	for _, pid := range pids {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		dir, err := unix.Openat(int(proc.Fd()), strconv.Itoa(pid), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = f(&process{pid, dir, buf})
			unix.Close(dir)
		}
		switch {
		case err == nil:
		case isGone(err):
			ended = append(ended, pid)
		case !isRefused(err):
			return nil, nil, fmt.Errorf("process %d: %w", pid, err)
		case refused == nil:
			refused = fmt.Errorf("process %d: %w", pid, err)
		}
	}
	return ended, refused, nil
}

// isGone reports whether the error of a call in /proc means that the process has ended.
func isGone(err error) bool { return err == unix.ENOENT || err == unix.ESRCH }

// isRefused reports whether the error of a call in /proc means that the caller may not look.
func isRefused(err error) bool { return err == unix.EACCES || err == unix.EPERM }

// numbers returns the numbers in a directory of the process: its threads or its descriptors.
func (p *process) numbers(name string) ([]int, error) {
	dir, err := unix.Openat(p.dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	return sys.Numbers(dir, p.buf)
}

// link returns the target of a link of the process.
func (p *process) link(name string) (string, error) {
	n, err := unix.Readlinkat(p.dir, name, p.buf)
	return string(p.buf[:max(n, 0)]), err
}

// read returns the first bytes of a small file of the process, or nothing if the process has ended.
func (p *process) read(name string) string {
	fd, err := unix.Openat(p.dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	n, _ := unix.Read(fd, p.buf)
	return string(p.buf[:max(n, 0)])
}

// eachThread calls f for each thread with the link of its network namespace. The main thread has the process's number. For a
// process that has ended, or is a zombie, eachThread returns ESRCH.
func (p *process) eachThread(f func(tid int, namespace string)) (err error) {
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
func (p *process) command() string { return strings.TrimSuffix(p.read("comm"), "\n") }

// selfInProc returns the number that /proc has for this process, or 0. It is not os.Getpid if /proc is of another PID namespace.
func selfInProc() int {
	target, _ := os.Readlink("/proc/self")
	self, _ := strconv.Atoi(target)
	return self
}
