package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/netns-go/netns/stages"
)

// ErrOwn is what Create returns for Options.From that is the caller's own namespace.
var ErrOwn = errors.New("it is the namespace that this process is in itself")

// Check returns the error that Create would return for these names and options before it touches anything: a
// *[NameError], an *[ArgumentError], or another one for options that exclude each other. It needs no privilege.
func Check(names []string, o Options) error {
	return o.plan(names).Check()
}

// Create makes network namespaces, in one transaction: all of them or, after an error, none. When the context ends, it
// rolls back and returns the context's cause. It may be called from many goroutines at once.
//
// It returns what [Check] returns, [ErrOwn], a *[StateError] if a name is taken, a *[PrivilegeError], an
// *[UnsupportedError], a *[BusyError], a *[TrustError], a *[StageError]; and, with any of these, an *[UndoError] for each
// thing that is left after all. The process that makes the namespaces is such a thing if it does not die of SIGKILL within
// some seconds, because its cgroup is frozen. Create waits no longer, the error names the PID, and that process makes nothing
// when it is let go. If a signal stops that process for ten seconds, Create ends it and fails.
func Create(ctx context.Context, names []string, o Options) error {
	plan, err := o.checked(names)
	if err != nil {
		return err
	}
	return stages.Run(ctx, o.Dir, plan)
}

// checked returns the plan for these names, if it can be run.
func (o *Options) checked(names []string) (*stages.Plan, error) {
	plan := o.plan(names)
	if err := plan.Check(); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("no names")
	}
	return plan, o.checkFrom()
}

// checkFrom returns ErrOwn, or nil for what may get a name.
func (o *Options) checkFrom() error {
	if o.From == nil {
		return nil
	}
	if err := checkOpen(o.From); err != nil || o.Own {
		return err
	}
	own, err := OpenPath("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer own.Close()
	if own.ID() == o.From.ID() {
		return fmt.Errorf("%s: %w", o.From.Path(), ErrOwn)
	}
	return nil
}

// New makes one namespace as [Create] does, and returns it, open. It returns the same errors. The process that makes the
// namespace hands it over. So it is never another one, even if another tool has deleted and made the name again before New
// returns.
func New(ctx context.Context, name string, o Options) (*Namespace, error) {
	plan, err := o.checked([]string{name})
	if err != nil {
		return nil, err
	}
	f, err := stages.New(ctx, o.Dir, plan)
	if err != nil {
		return nil, err
	}
	return opened(f.Name(), f, nil)
}

// NewAt is [New] for a path in place of a directory, Options.Dir, and a name in it. The directory is for namespaces alone:
// it becomes a mount of its own when it is first used, and stays one.
func NewAt(ctx context.Context, path string, o Options) (*Namespace, error) {
	if o.Dir != "" {
		return nil, fmt.Errorf("the path %s and a directory %s: only one of them can be", path, o.Dir)
	}
	dir, name := filepath.Split(path)
	o.Dir = filepath.Clean(dir) // "." of a mere name
	return New(ctx, name, o)
}

// UserDir returns the run directory of a program without root's privileges, $XDG_RUNTIME_DIR/netns. It can be used in a
// user namespace of its own together with a mount namespace of its own (unshare -Urm), and the namespaces in it are there
// for the processes in that mount namespace only, and end with the last of them. Of a name that was not deleted an empty
// file then stays, which is [Elsewhere] for everybody else. So they are best named at random, and deleted.
//
// It returns an error if XDG_RUNTIME_DIR is not set to an absolute path, as the XDG base directory specification asks.
func UserDir() (string, error) {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("XDG_RUNTIME_DIR is %q, not an absolute path", dir)
	}
	return filepath.Join(dir, "netns"), nil
}
