//go:build amd64

package main

import (
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// recordings is how often each scenario is recorded. What a Go program does is the same in each run, but for waiting
// and for what its runtime does besides.
const recordings = 5

// runtimeLimit is how many of the runtime's own calls of a sort are broken: they come in any number.
const runtimeLimit = 3

var (
	errnos = []syscall.Errno{unix.EPERM, unix.ENOSPC, unix.EMFILE, unix.ENOMEM, unix.EINTR, unix.EBUSY, unix.EIO,
		unix.EAGAIN}
	runtimeErrnos = []syscall.Errno{unix.EPERM, unix.ENOMEM}
	signals       = []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT}
)

// targets are the calls to be broken, of several recordings: each of ours that any of them has, and those of the
// runtime that all have. In says how many have each.
func targets(recorded [][]call) (chosen []call, in map[call]int) {
	in = map[call]int{}
	var order []call
	for _, calls := range recorded {
		once := map[call]bool{}
		for _, c := range calls {
			if once[c] {
				continue
			}
			once[c] = true
			if in[c] == 0 {
				order = append(order, c)
			}
			in[c]++
		}
	}
	for _, c := range order {
		if c.Runtime && (in[c] < len(recorded) || c.Nth > runtimeLimit) {
			continue
		}
		// By which the runtime interrupts what takes long, and waits for a lock that is held for a moment: the load's doing.
		if c.Text == "tgkill" || c.Text == "sched_yield" {
			continue
		}
		chosen = append(chosen, c)
	}
	return chosen, in
}

// faultsAt are the faults that a call is to meet.
func faultsAt(s *scenario, c call) []fault {
	var faults []fault
	ends := c.Text == "exit_group" || c.Text == "exit"
	chosen := errnos
	if c.Runtime {
		chosen = runtimeErrnos
	}
	for _, errno := range chosen {
		if !ends && c.Text != "rt_sigreturn" && plausible(c, errno) { // those have no result
			faults = append(faults, fault{faultErrno, int(errno)})
		}
	}
	kinds := []string{faultKillBefore, faultKillAfter}
	if s.creates() {
		kinds = append(kinds, faultBothBefore, faultBothAfter)
	}
	for _, kind := range kinds {
		if !ends || !strings.HasSuffix(kind, "after") {
			faults = append(faults, fault{Kind: kind})
		}
	}
	if !c.Runtime {
		for _, sig := range signals {
			faults = append(faults, fault{faultSignal, int(sig)})
		}
	}
	return faults
}

// casesOf are all cases of a scenario, of which only restricts those whose description it matches.
func casesOf(s *scenario, recorded [][]call, only *regexp.Regexp) []*task {
	var tasks []*task
	chosen, in := targets(recorded)
	for _, c := range chosen {
		for _, f := range faultsAt(s, c) {
			t := &task{Scenario: s.name, Aim: &aim{c, f}, usual: in[c] == len(recorded)}
			if only.MatchString(t.String()) {
				tasks = append(tasks, t)
			}
		}
	}
	return tasks
}
