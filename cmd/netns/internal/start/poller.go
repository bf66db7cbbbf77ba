package start

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// fewFiles is a suspiciously low limit of open files. Usual limits are 1024 and more.
const fewFiles = 256

// Poller makes the Go runtime open the descriptors of its poller if there may be none left later. Without them the runtime
// ends the program with a trace, while any other lack of a descriptor is an error that can be reported.
var Poller = sync.OnceValue(func() error {
	var limit unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &limit); err != nil || limit.Cur > fewFiles {
		return nil // a later call reports the error, if it matters
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
})
