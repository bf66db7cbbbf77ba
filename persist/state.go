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
	Foreign      State = "foreign"      // an empty file without a namespace: half-made or left behind by another tool
	Incompatible State = "incompatible" // a claim of another version of netns, or a damaged one
	Unreadable   State = "unreadable"   // not mounted, and the caller may not read the claim, or follow the link
)

// The states of a name that has nothing to do with network namespaces. No tool leaves such a name when it dies.
const (
	Directory      State = "directory"
	File           State = "file" // with content that is no claim
	FIFO           State = "fifo"
	Socket         State = "socket"
	Device         State = "device"
	OtherLink      State = "link"            // a symbolic link to anything but a network namespace
	BrokenLink     State = "broken link"     // a symbolic link whose target is missing
	LoopingLink    State = "looping link"    // a symbolic link that leads back to itself, or through too many others
	OtherNamespace State = "other namespace" // a namespace of another type is mounted
)

// aliens describes the names in these states.
var aliens = map[State]string{
	Directory:      "a directory, not a network namespace",
	File:           "a file with content, not a network namespace",
	FIFO:           "a FIFO (named pipe), not a network namespace",
	Socket:         "a socket, not a network namespace",
	Device:         "a device, not a network namespace",
	OtherLink:      "a symbolic link, but not to a network namespace",
	BrokenLink:     "a symbolic link whose target is missing",
	LoopingLink:    "a symbolic link that leads in a circle",
	OtherNamespace: "a namespace of another type, not a network namespace",
}

// isOfNetns reports whether a name in this state shows a network namespace or a claim, unless it is a symbolic link.
func (s State) isOfNetns() bool {
	switch s {
	case Ready, Kept, InProgress, Stale, Unmounted, Elsewhere, Incompatible:
		return true
	}
	return false
}

// isAlien reports whether a name in this state has nothing to do with network namespaces.
func (s State) isAlien() bool { return aliens[s] != "" }

// An Entry is a name in the run directory.
type Entry struct {
	Name  string
	State State
	Stage string // the stage that failed, if Kept
	Inode uint64 // of the namespace, if Ready or Kept; the kernel uses it again when the namespace has ended
	PID   int    // of the process that makes it, if InProgress
}

func (e Entry) describe() string {
	if e.State.isAlien() {
		return aliens[e.State]
	}
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
		return "unmounted by hand; the namespace lives on if something is inside"
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

// A Finding is a fault in the run directory, or a name that does not belong there, and what Recover does about it.
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
	Ignore  Action = "ignore"  // it has nothing to do with network namespaces
)
