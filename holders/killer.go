//go:build linux

package holders

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// emptyPasses is how many looks in a row must find nothing if processes end meanwhile, which may have been inside.
const emptyPasses = 10

// If a process has threads inside, but not its main thread, it lives there after stayLooks looks in a row that take at least
// shortestStay. A program that only looks into a namespace is inside for microseconds.
const (
	stayLooks    = 8
	shortestStay = 200 * time.Millisecond
)

// A killer remembers which process it sent which signal.
type killer struct {
	seenOnly   bool // leave out processes about which there is a HiddenError
	self       int
	namespaces []*netns.Namespace
	links      []string // of the namespaces in /proc
	inodes     []uint64 // of the namespaces, by netInode, if that was needed
	told       map[int]told
	visits     map[int]visit
	last       int    // the last process that the last pass found inside, or 0
	path       string // of the namespace in which it was
	visited    bool   // the last pass found a process that may leave by itself
	ended      []int  // the processes that ended during the last pass
	empty      int    // how many passes in a row found no process inside
}

// A told is the last signal that a process got.
type told struct {
	signal syscall.Signal
	stat   procStat // before it was sent
}

// A visit counts the looks in a row at which a process had threads inside, but not its main thread.
type visit struct {
	started string // tells the process from a later one with the same number
	looks   int
	since   time.Time
}

// passes makes one pass after another, with growing pauses, until a pass is sure that no process is inside, or finds a process
// inside after the given time. Signal 0 only asks which processes stay, so with it passes ends as soon as all do.
func (k *killer) passes(ctx context.Context, signal syscall.Signal, patience time.Duration) (none bool, err error) {
	end := time.Now().Add(patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		none, err = k.pass(ctx, signal)
		if err != nil || none || signal == 0 && !k.visited || k.last != 0 && time.Now().After(end) {
			return none, err
		}
		wait := pause
		if k.visited { // by chance, so as not to keep step with a process that looks in at regular times
			wait = 5*time.Millisecond + rand.N(20*time.Millisecond)
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// pass sends a signal to each process that lives in the namespaces and has not been sent it, and reports whether it is sure that
// no process is inside. A process that ends during the pass may have been inside and have left a child, which the pass did not
// list. On a busy machine processes always end meanwhile, so after emptyPasses passes that found nothing it is sure as well.
func (k *killer) pass(ctx context.Context, signal syscall.Signal) (none bool, err error) {
	before, lives := k.visits, false
	k.visits, k.last, k.visited = map[int]visit{}, 0, false
	ended, refused, err := eachProcess(ctx, func(p *process) error {
		if p.pid == k.self {
			return nil
		}
		path, main, err := k.inside(p)
		if path == "" {
			return err
		}
		err = nil // one thread inside is enough, even if another cannot be looked at
		stays := main || k.stays(p, before[p.pid])
		if stays || signal == 0 {
			err = k.tell(p, path, signal)
		}
		if k.mayMiss(err) {
			return nil
		}
		k.last, k.path = p.pid, path
		k.visited, lives = k.visited || !stays, lives || stays
		return err
	})
	if refused != nil {
		if err = unseen(k.namespaces[0].Path(), refused); k.mayMiss(err) {
			err = nil
		}
	}
	// A process that had ended before this pass is a zombie.
	sure := !slices.ContainsFunc(ended, func(pid int) bool { return !slices.Contains(k.ended, pid) })
	k.ended = ended
	switch {
	case lives:
		k.empty = 0
	case k.last == 0:
		k.empty++
	}
	return k.last == 0 && (sure || k.empty >= emptyPasses), err
}

// mayMiss reports whether an error is about processes that the killer leaves out.
func (k *killer) mayMiss(err error) bool {
	_, hidden := errors.AsType[*HiddenError](err)
	return k.seenOnly && hidden
}

// inside returns the path of a namespace that a thread of a process is in, or "", and reports whether the main thread is inside.
func (k *killer) inside(p *process) (path string, main bool, err error) {
	err = p.eachThread(func(tid int, link string) {
		if i := slices.Index(k.links, link); i >= 0 {
			path, main = k.namespaces[i].Path(), main || tid == p.pid
		}
	})
	if isRefused(err) && path == "" && persist.HasCapability(unix.CAP_SYS_PTRACE) { // without it, the capability is what is missing
		return k.insideByInode(p)
	}
	return path, main, err
}

// insideByInode is inside for a process whose links the caller may not read.
func (k *killer) insideByInode(p *process) (path string, main bool, err error) {
	for _, ns := range k.namespaces[len(k.inodes):] {
		inode, err := netInode(ns)
		if err != nil {
			return "", false, unix.EACCES
		}
		k.inodes = append(k.inodes, inode)
	}
	tids, err := p.numbers("task")
	for _, tid := range tids {
		var st unix.Stat_t
		statErr := unix.Fstatat(p.dir, "task/"+strconv.Itoa(tid)+"/net/dev", &st, 0)
		if i := slices.Index(k.inodes, st.Ino); statErr == nil && i >= 0 {
			path, main = k.namespaces[i].Path(), main || tid == p.pid
		}
		if isRefused(statErr) {
			err = statErr
		}
	}
	return path, main, err
}

// stays reports whether a process that has threads inside, but not its main thread, lives in the namespaces.
func (k *killer) stays(p *process, before visit) bool {
	v := visit{started: p.stat().started, since: time.Now()}
	if before.started == v.started {
		v = before
	}
	v.looks++
	k.visits[p.pid] = v
	return v.looks >= stayLooks && time.Since(v.since) >= shortestStay
}

// tell sends a process in the namespace at path a signal, unless the process has got it already. The open directory in /proc serves
// as a pidfd. It was open before the namespaces were looked at, so the signal reaches that very process.
func (k *killer) tell(p *process, path string, signal syscall.Signal) error {
	before, known := k.told[p.pid]
	now := p.stat()
	if known && before.stat.started == now.started && before.signal == signal && !now.lost(before.stat, signal) {
		return nil
	}
	err := unix.PidfdSendSignal(p.dir, signal, nil, 0)
	switch {
	case err == nil:
	case isGone(err):
		return nil
	case err == unix.EINVAL: // pidfd_send_signal(2): the process is in a PID namespace that is not below the caller's
		return &HiddenError{path, fmt.Sprintf("process %d is inside, and in another PID namespace, to which no signal "+
			"can be sent from here", p.pid)}
	default:
		return persist.Needs(unix.CAP_KILL, "signalling another user's process", os.NewSyscallError("pidfd_send_signal", err))
	}
	if signal != 0 {
		k.told[p.pid] = told{signal, now}
	}
	return nil
}
