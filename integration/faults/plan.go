//go:build amd64

package main

import (
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// recordings is how often each scenario is recorded. A Go program makes the same calls in each run, except for waiting and for its
// runtime's own calls.
const recordings = 5

// runtimeLimit is how many of the runtime's own calls of a kind are broken: their number varies.
const runtimeLimit = 3

var (
	errnos = []syscall.Errno{unix.EPERM, unix.ENOSPC, unix.EMFILE, unix.ENOMEM, unix.EINTR, unix.EBUSY, unix.EIO,
		unix.EAGAIN}
	runtimeErrnos = []syscall.Errno{unix.EPERM, unix.ENOMEM}
	signals       = []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT}
)

// targets returns the calls to break: each call of netns in any recording, and the runtime's calls that are in all of them. It counts
// the recordings with each call, too.
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
		// The runtime interrupts long work and waits for a lock by these; their number depends on the load.
		if c.Text == "tgkill" || c.Text == "sched_yield" {
			continue
		}
		chosen = append(chosen, c)
	}
	return chosen, in
}

// faultsAt returns the faults for a call.
func faultsAt(s *scenario, c call) []fault {
	var faults []fault
	ends := c.Text == "exit_group" || c.Text == "exit"
	chosen := errnos
	if c.Runtime {
		chosen = runtimeErrnos
	}
	for _, errno := range chosen {
		if !ends && c.Text != "rt_sigreturn" && plausible(c, errno) { // these have no result
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

// casesOf returns all cases of a scenario whose description matches only.
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
