//go:build amd64

package main

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// plausible says whether a call can return an errno at all, since what cannot happen need not be survived.
//
// EAGAIN from a read or a write means that a file which does not block is not ready, and that the poller will say when
// it is. Where it is ready, the poller has said so before, will not say it again, and whoever asked waits for good. So
// it is left out where it would be a lie, as it is here: the sockets that do not block are answered before they are read.
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

// doneAllTheSame says whether a call that returns an error has done its work all the same: close(2) has, whatever it returns.
func doneAllTheSame(number uint64) bool { return number == unix.SYS_CLOSE }
