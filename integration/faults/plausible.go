//go:build amd64

package main

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// plausible reports whether a call can return an errno at all. The command need not survive an impossible one.
//
// EAGAIN from a read or a write means that a non-blocking file is not ready, and that the poller will report when it is. If the file is
// ready, the poller has reported it before and will not do so again, and the caller waits for good. So a false EAGAIN is left out, as
// it is here: an answer is in each non-blocking socket before a process reads it.
//
// And geteuid(2) never fails.
func plausible(c call, errno syscall.Errno) bool {
	name, _, _ := strings.Cut(c.Text, " ")
	if errno != unix.EAGAIN {
		return name != "geteuid"
	}
	switch name {
	case "geteuid", "read", "write", "pread64", "pwrite64", "recvfrom", "sendto", "recvmsg", "sendmsg":
		return false
	}
	return true
}

// doneAllTheSame reports whether a call has done its work even if it returns an error, as close(2) has.
func doneAllTheSame(number uint64) bool { return number == unix.SYS_CLOSE }
