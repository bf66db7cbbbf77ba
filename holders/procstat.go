//go:build linux

package holders

import (
	"strconv"
	"strings"
	"syscall"
)

// A procStat has fields of proc_pid_stat(5).
type procStat struct {
	started                  string // in clock ticks since the boot
	forked                   bool   // it was forked and has executed nothing since
	blocked, ignored, caught uint64 // the signals 1 to 31, the lowest bit first
}

// stat returns the procStat of the process, or the zero value if the process has ended.
func (p *process) stat() procStat { return parseStat(p.read("stat")) }

func parseStat(text string) (s procStat) {
	const first = 3 // the field after the name of the process; the name may contain blanks and parentheses
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	number := func(field int) (n uint64) {
		if field-first < len(fields) {
			n, _ = strconv.ParseUint(fields[field-first], 10, 64)
		}
		return n
	}
	const forkedNoExec = 0x40 // PF_FORKNOEXEC in include/linux/sched.h
	s.forked = number(9)&forkedNoExec != 0
	s.blocked, s.ignored, s.caught = number(32), number(33), number(34)
	if len(fields) > 22-first {
		s.started = fields[22-first]
	}
	return s
}

// lost reports whether a process has not acted on a signal that was sent when its stat was before.
//
// A child that was forked and has executed nothing yet has the handlers of its parent. They take the signal, and the program
// that the child then executes does not learn of it. So the child needs the signal again when it has executed a program or given
// up the handlers. If the signal's default action ends the process, a second signal does no harm.
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
