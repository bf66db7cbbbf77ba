package netns

import (
	"context"
	"iter"

	"github.com/netns-go/netns/persist"
)

// A Change reports that a network namespace has come or gone. Its fields:
//   - Name string
//   - Added bool: it has come; otherwise it has gone
type Change = persist.Change

// WatchOptions say what [Dir.Watch] reports. Its field is the bool Existing: first report the existing namespaces, as added.
type WatchOptions = persist.WatchOptions

// Watch reports the network namespaces that come and go in the directory, whatever tool makes them. It begins when the loop
// over it begins, and ends without an error when the context ends. A namespace is added when its name shows it, so not before
// it is mounted, and is deleted when the name is gone. If the directory is missing, Watch waits for it.
//
// Watch misses a namespace that is gone before it looks. If a slow consumer makes the kernel drop events (more than
// fs.inotify.max_queued_events), Watch compares the directory with what it knew. Then it also misses a namespace that went and
// came back under the same name. It misses nothing else. For each name, additions and deletions alternate.
//
// It needs no privilege. An error ends it: a *[TrustError], or an error that matches fs.ErrNotExist if the parent of the
// directory is missing.
func (d *Dir) Watch(ctx context.Context, o WatchOptions) iter.Seq2[Change, error] {
	return persist.Watch(ctx, d.path, o)
}

// A Finding is a leftover in a run directory, with what Recover does about it. Its fields:
//   - Name string: or "" for the run directory itself
//   - Path string
//   - State State: or "" for the run directory itself
//   - Reason string: why Recover acts, or leaves it alone
//   - Action Action
//   - Err error: why the action could not be done
type Finding = persist.Finding

// An Action is what Recover does about a [Finding]. It is a string.
type Action = persist.Action

// The actions.
const (
	Remove  = persist.Remove  // delete the name; nothing that lives is lost
	Finish  = persist.Finish  // mark a complete namespace as complete
	Remount = persist.Remount // mount the run directory anew, while it is empty
	Leave   = persist.Leave   // do nothing, because something may need it; a person has to decide
	Ignore  = persist.Ignore  // do nothing, because it has nothing to do with network namespaces
)

// RecoverOptions say what [Dir.Recover] does. Its field is the bool DryRun: change nothing, and only find what Recover would do.
type RecoverOptions = persist.RecoverOptions

// Recover finds what dead transactions and other tools left in the directory, and repairs what is proven to be dead. It touches
// no namespace that is ready, nothing outside of the directory, and nothing in a directory that is not a run directory. It leaves
// what may be alive: such a Finding has the action [Leave], and its reason.
//
// Each Finding has its own error. Recover itself returns an error if it cannot look, for example a *[PrivilegeError]. A missing
// directory has no findings.
func (d *Dir) Recover(ctx context.Context, o RecoverOptions) ([]Finding, error) {
	return persist.Recover(ctx, d.path, o)
}
