package holders

import (
	"fmt"
	"syscall"
	"time"
)

// A Kind is a way to hold a network namespace.
type Kind string

// The kinds.
const (
	Process    Kind = "process"    // a process whose main thread is inside
	Thread     Kind = "thread"     // a thread that is inside, of a process whose main thread is not
	Descriptor Kind = "descriptor" // an open descriptor of the namespace
	Socket     Kind = "socket"     // a socket that was made inside, or a TUN device's descriptor, of a process that is not inside
	Mount      Kind = "mount"      // a mount of the namespace, in a mount namespace
)

// A Holder is something that keeps a network namespace alive.
type Holder struct {
	Kind    Kind
	PID     int    // the process; for a Mount, a process in that mount namespace, or 0 if it is the caller's own
	TID     int    // the thread, of a Thread
	FD      int    // the descriptor, of a Descriptor or Socket
	Path    string // where it is mounted, of a Mount, as the process sees it
	Command string // the name of the process
}

// String describes the holder in words.
func (h Holder) String() string {
	process := fmt.Sprintf("process %d (%s)", h.PID, h.Command)
	switch h.Kind {
	case Thread:
		return fmt.Sprintf("thread %d of %s", h.TID, process)
	case Descriptor, Socket:
		return fmt.Sprintf("%s %d of %s", h.Kind, h.FD, process)
	case Mount:
		if h.PID == 0 {
			return "a mount at " + h.Path
		}
		return fmt.Sprintf("a mount at %s in the mount namespace of %s", h.Path, process)
	}
	return process
}

// KillOptions configure [Kill].
type KillOptions struct {
	// Signal is the signal that each process gets first; 0 means SIGTERM.
	Signal syscall.Signal
	// Grace is how long the processes have to end before they get SIGKILL; 0 means that they get it at once, and no other signal.
	Grace time.Duration
	// SeenOnly leaves out processes that the caller cannot see, and those that it cannot send a signal: where Kill would return
	// a *[HiddenError], these processes live on in the namespaces.
	SeenOnly bool
}
