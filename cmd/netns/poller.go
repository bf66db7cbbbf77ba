package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// fewFiles is a limit of open files that is suspiciously low: the usual ones are 1024 and more.
const fewFiles = 256

// startPoller is checkPoller, once.
var startPoller = sync.OnceValue(checkPoller)

// checkPoller makes the Go runtime open the descriptors of its poller if there may be none for that later: without them the
// runtime does not return an error but ends the program with a trace. What else finds no descriptor returns EMFILE.
func checkPoller() error {
	var limit unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &limit); err != nil || limit.Cur > fewFiles {
		return nil // what is wrong will be said where it matters
	}
	free := 0
	fds := make([]unix.PollFd, limit.Cur)
	for i := range fds {
		fds[i].Fd = int32(i)
	}
	if _, err := unix.Poll(fds, 0); err == nil {
		for _, fd := range fds {
			if fd.Revents&unix.POLLNVAL != 0 {
				free++
			}
		}
	}
	const needed = 3 // two for the poller, and the file that makes it start
	if free < needed {
		return fmt.Errorf("%w: only %d can be open at once, and %d are", unix.EMFILE, limit.Cur, int(limit.Cur)-free)
	}
	f, err := os.Open(os.DevNull)
	if err == nil {
		f.Close()
	}
	return nil
}

// adviseFiles adds what to do where this process has no descriptor left.
func adviseFiles(text string, err error) string {
	if !errors.Is(err, unix.EMFILE) || strings.Contains(text, "ulimit") {
		return text
	}
	return text + "; raise the limit of open files (ulimit -n)"
}
