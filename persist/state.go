package persist

import "fmt"

// DefaultDir is the run directory that iproute2 and all that follow it use.
const DefaultDir = "/run/netns"

// A State is what can be made of a name in the run directory.
type State string

// The states.
const (
	Ready        State = "ready"        // a namespace is mounted, or a link leads to one
	Kept         State = "kept"         // mounted, but incomplete: it was kept where it failed
	InProgress   State = "in progress"  // a live transaction is about to mount it, or to withdraw it
	Stale        State = "stale"        // what a dead transaction left; the next create repairs it
	Unmounted    State = "unmounted"    // it was complete; somebody unmounted it, in this mount namespace
	Elsewhere    State = "elsewhere"    // it was complete; mounted in another mount namespace, as far as we know
	Foreign      State = "foreign"      // no claim and no namespace: another tool's, half-made or left behind
	Incompatible State = "incompatible" // a claim of another version of netns
	Unreadable   State = "unreadable"   // not mounted, and not to be told apart without privilege
)

// An Entry is a name in the run directory.
type Entry struct {
	Name  string
	State State
	Stage string // where it stopped, if Kept
	Inode uint64 // of the namespace, if Ready or Kept; it is used again when the namespace is gone
	PID   int    // of the process that made it, if InProgress
}

func (e Entry) describe() string {
	switch e.State {
	case Ready:
		return "ready"
	case Kept:
		return fmt.Sprintf("kept incomplete, since its stage %s failed", e.Stage)
	case InProgress:
		return fmt.Sprintf("in progress, by process %d", e.PID)
	case Stale:
		return "stale, left by a transaction that died"
	case Unmounted:
		return "unmounted by hand, so that its namespace is gone"
	case Elsewhere:
		return "mounted in another mount namespace"
	case Foreign:
		return "not a network namespace: another tool is making it, or left it"
	case Incompatible:
		return "made by another version of netns"
	default:
		return "not readable without privilege, so that its state is unknown"
	}
}

// A Change says that a network namespace has come or gone.
type Change struct {
	Name  string
	Added bool // otherwise deleted
}
