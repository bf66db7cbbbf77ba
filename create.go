package netns

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/netns-go/netns/internal/thread"
	"github.com/netns-go/netns/stages"
)

// Options configure [Dir.Create]. The zero value makes them with lo up and verified.
type Options struct {
	// Sysctls are kernel parameters to set inside, each KEY=VALUE with a key that begins with "net.".
	Sysctls []string
	// NoLoopback leaves lo down, as the kernel makes it, and so not verified.
	NoLoopback bool
	// Addresses are further addresses for lo, each with a prefix length: 10.1.2.3/32.
	Addresses []string
	// NoVerify leaves out the check that lo is up and answers an ICMP echo.
	NoVerify bool
	// Steps are stages of the program's own. They run after the built-in ones and before lo is verified, the same for each
	// name.
	Steps []Step
	// From, if not nil, is an existing namespace. It gets the names, so it outlives its present holders. Create makes no
	// new namespaces then and changes nothing inside: Sysctls, Addresses and Steps are refused, and lo stays as it is.
	From *Namespace
	// Own allows From to be the caller's own namespace. Without Own, Create returns an *[OwnError], because this is usually a mistake: the
	// PID that [OpenPID] got was of a process that had ended, and another process has the number now.
	Own bool
	// Replace deletes what has the names when Create begins, under the rules of [Delete]. It deletes the old namespaces only
	// once the new ones are complete. If naming the new ones then fails, both old and new are gone. If a name cannot be deleted,
	// or another process makes one in between, Create returns a *[StateError], and everything stays as it is.
	Replace bool
	// Force, together with Replace, also deletes what Delete would delete with [DeleteOptions].Force only.
	Force bool
	// KeepOnFail keeps the namespaces if a stage fails: the complete namespaces, and the failed namespace as it is. Create then
	// returns a *[KeptError]. KeepOnFail excludes Replace.
	KeepOnFail bool
	// Progress, if not nil, is called after each stage that has succeeded on a namespace.
	Progress func(Event)
}

// A Step is a registered stage with its arguments, see package stages. Its fields:
//   - Stage string
//   - Args []byte
type Step = stages.Step

// An Event reports a stage that has succeeded on a namespace. Its fields:
//   - Namespace string
//   - Stage string
//   - Took time.Duration
type Event = stages.Event

// Create makes network namespaces in [DefaultDir], either all of them or none, see [Dir.Create].
func Create(ctx context.Context, names []string, o Options) error {
	return inDefault().Create(ctx, names, o)
}

// New makes a network namespace in [DefaultDir] and returns it open, see [Dir.New].
func New(ctx context.Context, name string, o Options) (*Namespace, error) {
	return inDefault().New(ctx, name, o)
}

// NewAt makes a network namespace with this path and returns it open, see [Dir.New]. The path's directory is the run directory.
// It becomes a mount of its own at its first use and stays one, so use a directory that has nothing else in it.
func NewAt(ctx context.Context, path string, o Options) (*Namespace, error) {
	d, name, err := split(path)
	if err != nil {
		return nil, err
	}
	return d.New(ctx, name, o)
}

// Check returns the error that [Dir.Create] would return for these names and options before it touches anything: a
// *[NameError], an *[ArgumentError], or an error for options that exclude each other. It needs no privilege.
func Check(names []string, o Options) error {
	return o.plan(names).Check()
}

// Create makes network namespaces in one transaction: either all of them or, after an error, none. If the context ends, Create
// rolls back and returns the context's cause. The parent of the directory must exist. The directory becomes a mount of its own
// at its first use, and stays one.
//
// Create returns the errors of [Check], an *[OwnError], a *[StateError] if a name is taken, a *[PrivilegeError], a
// *[RefusedError], an *[UnsupportedError], a *[BusyError], a *[TrustError] or a *[StageError]. For each
// thing that is left, the error also holds an *[UndoError]. With KeepOnFail it holds a *[KeptError] if namespaces were kept.
//
// Create ends the child if a signal stops it for ten seconds. If the child does not die of SIGKILL within some seconds,
// because its cgroup is frozen, Create returns an *UndoError with its PID. Such a child makes nothing when it is thawed.
func (d *Dir) Create(ctx context.Context, names []string, o Options) error {
	plan, err := o.checked(names)
	if err != nil {
		return err
	}
	return stages.Run(ctx, d.path, plan)
}

// New makes one namespace, as [Dir.Create] does, and returns it open. The child that makes the namespace hands it over, so it
// is this namespace even if another tool has taken the name before New returns.
func (d *Dir) New(ctx context.Context, name string, o Options) (*Namespace, error) {
	plan, err := o.checked([]string{name})
	if err != nil {
		return nil, err
	}
	f, err := stages.New(ctx, d.path, plan)
	return opened(filepath.Join(d.path, name), f, err)
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

// checkFrom returns an error if From is closed, or is the caller's own namespace.
func (o *Options) checkFrom() error {
	if o.From == nil {
		return nil
	}
	if err := thread.CheckOpen(o.From.thread()); err != nil || o.Own {
		return err
	}
	own, err := OpenPath("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer own.Close()
	if own.ID() == o.From.ID() {
		return &OwnError{o.From.Path()}
	}
	return nil
}

func (o *Options) plan(names []string) *stages.Plan {
	p := &stages.Plan{Names: names, Replace: o.Replace, Force: o.Force, Keep: o.KeepOnFail, Progress: o.Progress}
	if o.From != nil {
		p.Source = o.From.file
	}
	loopback := !o.NoLoopback && o.From == nil
	if len(o.Sysctls) > 0 {
		p.Steps = append(p.Steps, stages.Sysctl(o.Sysctls...))
	}
	if loopback {
		p.Steps = append(p.Steps, stages.Loopback())
	}
	if len(o.Addresses) > 0 {
		p.Steps = append(p.Steps, stages.Address(o.Addresses...))
	}
	p.Steps = append(p.Steps, o.Steps...)
	if loopback && !o.NoVerify {
		p.Steps = append(p.Steps, stages.Verify())
	}
	return p
}

// Unshare moves the calling thread, which must be locked, into a new network namespace without a name. It sets the namespace
// up as [Create] would; of the options, only those for the inside count. The namespace ends with the thread and the processes
// that it has started.
//
// Unshare returns an *[ArgumentError] before it does anything, or a *[StageError]. After a StageError the thread may be in the
// new namespace already, and should end. If CAP_SYS_ADMIN, CAP_NET_ADMIN or CAP_NET_RAW is missing, the StageError holds a
// *[PrivilegeError].
func Unshare(o Options) error {
	return stages.Here(append([]Step{stages.Unshare()}, o.plan(nil).Steps...)...)
}

// RandomName returns a name that will not collide in practice: the prefix and 128 random bits, as 32 hexadecimal digits. It does
// not look at any directory. If the program must know the name after a crash, it notes the name before it calls [New].
func RandomName(prefix string) string {
	return fmt.Sprintf("%s%016x%016x", prefix, rand.Uint64(), rand.Uint64())
}

// UserDir returns the run directory of a program without root's privileges, $XDG_RUNTIME_DIR/netns. Such a program can use it
// in a user namespace of its own together with a mount namespace of its own (unshare -Urm). Only processes in that mount
// namespace see the namespaces in it, and the namespaces end with the last of these processes. A name that is not deleted
// leaves an empty file, whose state is [Elsewhere] for all other processes. So use random names, and delete them.
//
// The XDG base directory specification requires XDG_RUNTIME_DIR to be an absolute path. UserDir returns an error if it is not.
func UserDir() (string, error) {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("XDG_RUNTIME_DIR is %q, not an absolute path", dir)
	}
	return filepath.Join(dir, "netns"), nil
}
