package persist

// A Finding is something in the run directory that is not as it should be, and what Recover makes of it.
type Finding struct {
	Name   string // or "" for the run directory itself
	Path   string
	State  State  // what it is, or "" for the run directory
	Reason string // why Recover does what it does, or leaves it
	Action Action
	Err    error // why Action could not be done
}

// An Action is what Recover does about a Finding.
type Action string

// The actions.
const (
	Remove  Action = "remove"  // nothing that lives is lost
	Finish  Action = "finish"  // all is there, but the mark that it is done
	Remount Action = "remount" // the run directory, while it is empty
	Leave   Action = "leave"   // it may be somebody's; a person has to decide
)
