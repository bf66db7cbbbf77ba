package persist

import "fmt"

// DefaultDir is the run directory of iproute2 and of the tools that follow it.
const DefaultDir = "/run/netns"

// A State says what a name in the run directory is.
type State string

// The states.
const (
	Ready        State = "ready"        // a namespace is mounted, or a link leads to one
	Kept         State = "kept"         // mounted, but incomplete: kept as it was when a stage failed
	InProgress   State = "in progress"  // a live transaction is about to mount it, or to withdraw it
	Stale        State = "stale"        // left by a dead transaction; the next create repairs it
	Unmounted    State = "unmounted"    // it was complete; a person or a tool unmounted it in this mount namespace
	Elsewhere    State = "elsewhere"    // it was complete; it is mounted in another mount namespace, or may be
	Foreign      State = "foreign"      // no claim and no namespace: half-made or left behind by another tool
	Incompatible State = "incompatible" // a claim of another version of netns, or a damaged one
	Unreadable   State = "unreadable"   // not mounted, and the caller may not read the claim
)

// An Entry is a name in the run directory.
type Entry struct {
	Name  string
	State State
	Stage string // the stage that failed, if Kept
	Inode uint64 // of the namespace, if Ready or Kept; the kernel uses it again when the namespace has ended
	PID   int    // of the process that makes it, if InProgress
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
		return "unmounted by hand, so its namespace is gone"
	case Elsewhere:
		return "mounted in another mount namespace"
	case Foreign:
		return "not a network namespace: another tool is making it, or left it behind"
	case Incompatible:
		return "made by another version of netns"
	default:
		return "its state is unknown without privilege"
	}
}

// A Change is the addition or deletion of a network namespace.
type Change struct {
	Name  string
	Added bool // otherwise deleted
}

// WatchOptions are the options of Watch.
type WatchOptions struct {
	Existing bool // first report the existing namespaces, as added
}

// RecoverOptions are the options of Recover.
type RecoverOptions struct {
	DryRun bool // only report what Recover would do
}

// A Finding is a fault in the run directory, and what Recover does about it.
type Finding struct {
	Name   string // or "" for the run directory itself
	Path   string
	State  State  // of the name, or "" for the run directory
	Reason string // why Recover acts, or leaves it
	Action Action
	Err    error // why the action failed, or nil
}

// An Action is what Recover does about a Finding.
type Action string

// The actions.
const (
	Remove  Action = "remove"  // nothing that lives is lost
	Finish  Action = "finish"  // everything is complete except the mark of the transaction
	Remount Action = "remount" // the run directory, while it is empty
	Leave   Action = "leave"   // it may be in use, so a person has to decide
)
