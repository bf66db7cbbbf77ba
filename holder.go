package netns

import "fmt"

// A HolderKind is a way to keep a network namespace.
type HolderKind string

// The kinds.
const (
	HeldByProcess    HolderKind = "process"    // its main thread is inside
	HeldByThread     HolderKind = "thread"     // of a process whose main thread is not
	HeldByDescriptor HolderKind = "descriptor" // of the namespace itself
	HeldBySocket     HolderKind = "socket"     // made inside; its process is not. Or a TUN device's descriptor
	HeldByMount      HolderKind = "mount"      // of the namespace, in a mount namespace
)

// A Holder is something that keeps a network namespace.
type Holder struct {
	Kind    HolderKind
	PID     int    // the process; of a mount, one in the same mount namespace, or 0 if that is the caller's
	TID     int    // of a thread
	FD      int    // of a descriptor or socket
	Path    string // of a mount, as the process sees it
	Command string // the process's name
}

// String describes the holder in words.
func (h Holder) String() string {
	process := fmt.Sprintf("process %d (%s)", h.PID, h.Command)
	switch h.Kind {
	case HeldByThread:
		return fmt.Sprintf("thread %d of %s", h.TID, process)
	case HeldByDescriptor, HeldBySocket:
		return fmt.Sprintf("%s %d of %s", h.Kind, h.FD, process)
	case HeldByMount:
		if h.PID == 0 {
			return "a mount at " + h.Path
		}
		return fmt.Sprintf("a mount at %s in the mount namespace of %s", h.Path, process)
	}
	return process
}
