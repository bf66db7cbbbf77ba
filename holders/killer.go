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
	of         []*netns.Namespace
	namespaces []string // their links in /proc
	inodes     []uint64 // their netInode, if that was needed
	told       map[int]told
	visits     map[int]visit
	found      bool   // the last pass found a process inside
	visited    bool   // the last pass found a process that may leave by itself
	last       int    // the last process found
	where      string // and its namespace
	ended      []int  // the processes that ended during the last pass
	empty      int    // how many passes in a row found no process inside
}

type told struct {
	*process
	signal syscall.Signal
	stat   procStat // before it was told
}

// A visit counts the looks in a row at which a process had threads inside, but not its main thread.
type visit struct {
	started string // tells the process from a later one with the same number
	looks   int
	since   time.Time
}

func (k *killer) close() {
	for _, t := range k.told {
		unix.Close(t.dir)
	}
}

// passes makes one pass after another, with growing pauses, until a pass is sure that no process is inside or done returns true.
func (k *killer) passes(ctx context.Context, signal func() syscall.Signal, done func() bool) (none bool, err error) {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if none, err = k.pass(ctx, signal()); err != nil || none || done() {
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
	k.visits, k.found, k.visited = map[int]visit{}, false, false
	seen, err := eachProcess(ctx, func(p *process) error {
		if p.pid == k.self {
			return nil
		}
		inside, main, err := k.inside(p)
		if !inside {
			return err
		}
		err = nil // one thread inside is enough, even if another cannot be looked at
		stays := main || k.stays(p, before[p.pid])
		if stays || signal == 0 {
			err = k.tell(p, signal)
		}
		if err != nil && k.mayMiss(err) {
			return nil
		}
		k.found, k.visited, lives = true, k.visited || !stays, lives || stays
		return err
	})
	if err == nil && seen.refused != nil {
		err = k.unseen(seen.refused)
	}
	sure := true
	for _, pid := range seen.ended {
		sure = sure && slices.Contains(k.ended, pid) // a zombie, which ended before
	}
	k.ended = seen.ended
	switch {
	case lives:
		k.empty = 0
	case !k.found:
		k.empty++
	}
	return !k.found && (sure || k.empty >= emptyPasses), err
}

// unseen returns the error for a process that may not be looked into, unless the killer leaves it out.
func (k *killer) unseen(refused error) error {
	if err := unseen(k.of[0].Path(), refused); !k.mayMiss(err) {
		return err
	}
	return nil
}

// mayMiss reports whether an error is about processes that the killer leaves out.
func (k *killer) mayMiss(err error) bool {
	var hidden *HiddenError
	return k.seenOnly && errors.As(err, &hidden)
}

// inside reports whether any thread of a process is in the namespaces, and whether the main one is.
func (k *killer) inside(p *process) (inside, main bool, err error) {
	err = p.eachThread(func(tid int, link string) {
		if slices.Contains(k.namespaces, link) {
			inside, main = true, main || tid == p.pid
			k.last, k.where = p.pid, link
		}
	})
	if isRefused(err) && !inside && persist.HasCapability(unix.CAP_SYS_PTRACE) { // without it, the capability is what is missing
		return k.insideByInode(p)
	}
	return inside, main, err
}

// insideByInode is inside for a process whose links the caller may not read.
func (k *killer) insideByInode(p *process) (inside, main bool, err error) {
	for _, ns := range k.of[len(k.inodes):] {
		inode, err := netInode(ns)
		if err != nil {
			return false, false, unix.EACCES
		}
		k.inodes = append(k.inodes, inode)
	}
	tids, err := p.numbers("task")
	for _, tid := range tids {
		var st unix.Stat_t
		statErr := unix.Fstatat(p.dir, "task/"+strconv.Itoa(tid)+"/net/dev", &st, 0)
		if i := slices.Index(k.inodes, st.Ino); statErr == nil && i >= 0 {
			inside, main = true, main || tid == p.pid
			k.last, k.where = p.pid, k.namespaces[i]
		}
		if isRefused(statErr) {
			err = statErr
		}
	}
	return inside, main, err
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

// tell sends a process a signal, unless the process has got it already. The open directory in /proc serves as a pidfd. It was open
// before the namespaces were looked at, so the signal reaches that very process.
func (k *killer) tell(p *process, signal syscall.Signal) error {
	before, known := k.told[p.pid]
	now := p.stat()
	if known && before.exists() && before.signal == signal && !now.lost(before.stat, signal) {
		return nil
	}
	err := unix.PidfdSendSignal(p.dir, signal, nil, 0)
	switch {
	case err == nil:
	case isGone(err):
		return nil
	case err == unix.EINVAL: // pidfd_send_signal(2): the process is in a PID namespace that is not below the caller's
		return &HiddenError{k.pathOf(), fmt.Sprintf("process %d is inside, and in another PID namespace, to which no signal "+
			"can be sent from here", p.pid)}
	default:
		return persist.Needs(unix.CAP_KILL, "signalling another user's process", os.NewSyscallError("pidfd_send_signal", err))
	}
	if signal == 0 {
		return nil
	}
	if known {
		unix.Close(before.dir)
	}
	p.keep = true
	k.told[p.pid] = told{p, signal, now}
	return nil
}

// pathOf returns the path of the namespace in which the last process was found.
func (k *killer) pathOf() string { return k.of[slices.Index(k.namespaces, k.where)].Path() }
