package signals

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// execve(2) hands ignored and blocked signals on to the command. Before main, Go's runtime catches the signals that the caller
// ignores, except SIGHUP and SIGINT (initsig), and unblocks those that it needs or that end a program (minitSignalMask). It saves
// what it changes, and this file gives that back.

// Variable is the environment variable by which netns hands the two sets on to a netns that it starts: between fork(2) and
// execve(2), Go resets the signals that it catches.
const Variable = "_NETNS_SIGNALS"

// inherited returns the signals that the caller ignores and those that it blocks.
var inherited = sync.OnceValues(func() (ignored, blocked set) {
	value, ok := handed()
	if !ok {
		return saved()
	}
	_, _ = fmt.Sscanf(value, "%x %x", &ignored, &blocked)
	return ignored, blocked
})

// handed returns the value of [Variable], and removes it.
var handed = sync.OnceValues(func() (value string, ok bool) {
	value, ok = os.LookupEnv(Variable)
	os.Unsetenv(Variable)
	return value, ok
})

// FromNetns reports whether another netns started this one.
func FromNetns() bool {
	_, ok := handed()
	return ok
}

// Respect ignores the signals that the caller ignores and that netns would otherwise catch or end by.
func Respect() {
	ignored, _ := inherited()
	for _, sig := range append([]os.Signal{syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGUSR2}, Ending...) {
		if ignored.has(int(sig.(syscall.Signal))) {
			signal.Ignore(sig)
		}
	}
}

// HandOn ignores the signals that the caller ignores, and blocks in the calling thread those that the caller blocks. Only
// execve(2) may follow, because the runtime does not know of either.
func HandOn() {
	ignored, blocked := inherited()
	var mask unix.Sigset_t
	const width = int(unsafe.Sizeof(mask.Val[0]) * 8)
	for sig := 1; sig <= lastSignal; sig++ {
		if ignored.has(sig) {
			action := [8]uintptr{sigIgn} // a struct sigaction, which begins with the handler except on mips
			_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, lastSignal/8, 0, 0)
		}
		if blocked.has(sig) {
			mask.Val[(sig-1)/width] |= 1 << ((sig - 1) % width)
		}
	}
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &mask, nil)
}

// Setting returns the setting of [Variable] for a netns that this one starts.
func Setting() string {
	ignored, blocked := inherited()
	return fmt.Sprintf("%s=%x %x", Variable, ignored, blocked)
}
