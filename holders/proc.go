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
	pid  int
	dir  int
	keep bool   // leave dir open
	buf  []byte // for reading; shared by all processes, because allocating one each takes most of the time
}

// A procLook has the processes that a look through /proc could not look into.
type procLook struct {
	ended   []int // the processes that were listed, and had ended when their turn came
	refused error // the error of the first process that the caller may not look into
}

// eachProcess calls f for each process that /proc shows, in ascending order. An error of f for which isGone or isRefused holds
// goes into the procLook; any other error ends the look.
func eachProcess(ctx context.Context, f func(*process) error) (look procLook, err error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
	proc, err := unix.Open("/proc", flags, 0)
	if err != nil {
		return look, &os.PathError{Op: "open", Path: "/proc", Err: err}
	}
	defer unix.Close(proc)
	buf := make([]byte, 16<<10)
	pids, err := sys.Numbers(proc, buf)
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

// exists reports whether the process is alive or a zombie.
func (p *process) exists() bool { return unix.Faccessat(p.dir, "comm", unix.F_OK, 0) == nil }

// selfInProc returns the number that /proc has for this process, or 0. It is not os.Getpid if /proc is of another PID namespace.
func selfInProc() int {
	target, _ := os.Readlink("/proc/self")
	self, _ := strconv.Atoi(target)
	return self
}
