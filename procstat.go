//go:build linux

package netns

import (
	"bytes"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// A procStat is part of proc_pid_stat(5).
type procStat struct {
	started                  string // in the clock's ticks since the boot
	forked                   bool   // and not executed anything since
	blocked, ignored, caught uint64 // of the signals 1 to 31, the lowest bit first
}

// stat returns the process's, or none if it has ended.
func (p *process) stat() (s procStat) {
	fd, err := unix.Openat(p.dir, "stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return s
	}
	defer unix.Close(fd)
	var buf [1024]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return s
	}
	return parseStat(buf[:n])
}

func parseStat(text []byte) (s procStat) {
	const first = 3 // the field after the process's name, which can hold anything
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	number := func(field int) (n uint64) {
		if field-first < len(fields) {
			n, _ = strconv.ParseUint(string(fields[field-first]), 10, 64)
		}
		return n
	}
	const forkedNoExec = 0x40 // PF_FORKNOEXEC in include/linux/sched.h
	s.forked = number(9)&forkedNoExec != 0
	s.blocked, s.ignored, s.caught = number(32), number(33), number(34)
	if len(fields) > 22-first {
		s.started = string(fields[22-first])
	}
	return s
}

// lost reports whether a process has not acted on a signal that it was sent when its stat was before.
//
// A child that has been forked and has executed nothing yet has its parent's handlers. They take the signal, and what the
// child executes then knows nothing of it. So the child is to be sent the signal again when it has executed something, or
// has given up the handlers. Where the signal's default action is taken, another one does no harm: the process is about
// to end of the first.
func (s procStat) lost(before procStat, signal syscall.Signal) bool {
	if signal > 31 {
		return false
	}
	bit := uint64(1) << (signal - 1)
	if (s.blocked|s.ignored|s.caught)&bit == 0 {
		return true
	}
	return before.forked && before.caught&bit != 0 && !s.forked
}
