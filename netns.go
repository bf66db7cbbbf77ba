// Package netns makes, finds and deletes persistent network namespaces.
//
// A namespace that it makes is complete, its loopback interface up and verified, or it is not there at all: whatever
// fails, whoever is killed. It is made in a throwaway child, by starting the calling program's own executable again
// (see package [github.com/netns-go/netns/stages] for what that asks of a program), so no thread of the caller ever
// changes its namespace.
//
// The namespaces are what ip-netns(8) works with: a name in /run/netns with the namespace mounted onto it. They stay
// until they are deleted or the machine stops; for one that should end with a process, there is [Unshare].
// Making and deleting needs CAP_SYS_ADMIN, bringing up lo CAP_NET_ADMIN and verifying it CAP_NET_RAW.
//
// On other systems than Linux it compiles, so that programs which run there as well need no build tags, and returns an
// *[UnsupportedError].
package netns

import (
	"context"
	"iter"
	"os"

	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"github.com/netns-go/netns/stages"
)

// DefaultDir is the run directory where no other is named: /run/netns, as iproute2 has it.
const DefaultDir = persist.DefaultDir

// The errors that a caller may want to tell apart with errors.As. [NotExistError] also matches fs.ErrNotExist,
// [StateError] fs.ErrExist, [PrivilegeError] and [RefusedError] fs.ErrPermission, and [UnsupportedError]
// errors.ErrUnsupported.
type (
	// A NameError reports a name that no network namespace can have, or that none should be given.
	NameError = persist.NameError
	// An ArgumentError reports an address, a kernel parameter or a stage's argument that is none.
	ArgumentError = stages.ArgumentError
	// A NotExistError reports that there is no such namespace.
	NotExistError = persist.NotExistError
	// A StateError reports a name that exists in a state in which what was asked for cannot be done.
	StateError = persist.StateError
	// A BusyError reports that something else holds what is needed, and still did after a bounded wait.
	BusyError = persist.BusyError
	// A PrivilegeError reports what the kernel refused for want of a capability.
	PrivilegeError = persist.PrivilegeError
	// A RefusedError reports what the kernel refused though the caller has the capability for it: a security module or a
	// seccomp filter does that.
	RefusedError = persist.RefusedError
	// A TrustError reports a file or run directory that somebody else could exchange or write to.
	TrustError = persist.TrustError
	// An UnsupportedError reports what this system, its kernel or a file system cannot do.
	UnsupportedError = persist.UnsupportedError
	// A StageError reports the stage that failed in making a namespace, and why.
	StageError = stages.Error
	// A KeptError reports what remains of a failed Create with KeepOnFail.
	KeptError = stages.KeptError
	// An UndoError reports what remains because it could not be undone.
	UndoError = rollback.UndoError
)

// An Entry is a name in the run directory, with its state.
type Entry = persist.Entry

// A State is what can be made of a name in the run directory.
type State = persist.State

// The states of a name; package persist says more of each.
const (
	Ready        = persist.Ready
	Kept         = persist.Kept
	InProgress   = persist.InProgress
	Stale        = persist.Stale
	Unmounted    = persist.Unmounted
	Elsewhere    = persist.Elsewhere
	Foreign      = persist.Foreign
	Incompatible = persist.Incompatible
	Unreadable   = persist.Unreadable
)

// DeleteOptions say how a namespace is deleted. The zero value deletes what can be deleted without harm, and is content
// with what is gone already.
type DeleteOptions struct {
	Dir string
	// Force also deletes a name whose namespace may be mounted in another mount namespace, what another tool made a
	// moment ago, and what another version of this package made.
	Force bool
	// MustExist makes a name that is not there an error, a *[NotExistError].
	MustExist bool
}

// Delete removes a name from the run directory. The namespace ends unless something still holds it, see [Holders]. A name
// that is not there is fine, so it can be repeated after an error. The context bounds only how long another transaction is
// waited for.
//
// It returns a *[StateError] for what is no namespace's, a *[BusyError] if a transaction that lives holds the name for five
// seconds, which it names, or a *[PrivilegeError].
func Delete(ctx context.Context, name string, o DeleteOptions) error {
	return with(o.Dir, func(d *Dir) error { return d.Delete(ctx, name, o) })
}

// Names returns the names in a run directory, sorted, whatever their state. A directory that is not there has none.
func Names(dir string) (names []string, err error) {
	err = with(dir, func(d *Dir) error { names, err = d.Names(); return err })
	return names, err
}

// List goes through the entries of a run directory, sorted by name. A directory that is not there has none; what goes
// meanwhile is left out. An error ends it. Without privilege, the state of what is not ready is [Unreadable], and [Kept]
// namespaces are shown as [Ready].
func List(dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		d, err := OpenDir(dir)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer d.Close()
		d.List()(yield)
	}
}

// Lookup says in which state a name is. It returns a *[NameError] or a *[NotExistError].
func Lookup(dir, name string) (entry Entry, err error) {
	err = with(dir, func(d *Dir) error { entry, err = d.Lookup(name); return err })
	return entry, err
}

// HiddenFromInit says whether a namespace that the caller sees under a name is not seen by the machine's first process,
// and so by most others: the caller is in a mount namespace out of which the run directory does not propagate, as under
// systemd's PrivateMounts=. It says false where it may not look.
func HiddenFromInit(dir, name string) bool {
	store, err := persist.Open(dir)
	if err != nil {
		return false
	}
	defer store.Close()
	return store.HiddenFromInit(name)
}

// A Change says that a network namespace has come or gone.
type Change = persist.Change

// Watch reports the network namespaces that come and go in a run directory, whoever makes them, from when the loop over
// it begins until the context ends, which is no error. With existing, it first reports those that there are, as added. One
// is added when its name shows it, so not before it is mounted, and deleted when the name is gone. A directory that is not
// there is waited for. [persist.Watch] says more, and what a consumer can miss.
//
// It needs no privilege. An error ends it: a *[TrustError], or one that matches fs.ErrNotExist if the directory above
// it is not there.
func Watch(ctx context.Context, dir string, existing bool) iter.Seq2[Change, error] {
	return persist.Watch(ctx, dir, persist.WatchOptions{Existing: existing})
}

// A Finding is something in a run directory that is not as it should be, and what Recover does about it, an Action.
type (
	Finding = persist.Finding
	Action  = persist.Action
)

// The actions; package persist says more of each.
const (
	Remove  = persist.Remove
	Finish  = persist.Finish
	Remount = persist.Remount
	Leave   = persist.Leave
)

// Recover finds what dead transactions and other tools left in a run directory, and repairs what is proven to be dead; with
// dry, it only says what it would do. It never touches a namespace that is ready, nor anything outside the directory, nor
// anything in a directory that is no run directory. What cannot be known to be dead is left, and its Finding, with the action
// [Leave], says why. Each Finding has its own error; the error returned is for what keeps Recover from looking, a
// *[PrivilegeError] for instance. A directory that is missing has nothing to be found.
func Recover(ctx context.Context, dir string, dry bool) ([]Finding, error) {
	return persist.Recover(ctx, dir, persist.RecoverOptions{DryRun: dry})
}

// CheckTrust returns a *[TrustError] if somebody else than root and the caller could write to a file or directory, or
// exchange it for another. The path must be absolute.
func CheckTrust(path string) error { return persist.CheckTrust(path) }

// OpenTrusted makes the checks of [CheckTrust], follows and checks links at the end of the path as well, and returns the very
// file that it checked, open with O_PATH (open(2)), under its path without links. Whoever executes or mounts that is not
// tricked. Nobody else can make such a path lead elsewhere.
func OpenTrusted(path string) (*os.File, error) { return persist.OpenTrusted(path) }

// Explain adds to the error of a system call that a caller has made, setns(2) say, what its errno leaves open. If that is
// EPERM or EACCES, it returns a *[PrivilegeError] where the calling thread lacks the capability, or a *[RefusedError]. If it
// is ENOSPC, the text names limit, a sysctl(8) ("" if there is none). Any other error, and nil, stays as it is.
func Explain(capability int, purpose, limit string, err error) error {
	return persist.Explain(capability, purpose, limit, err)
}
