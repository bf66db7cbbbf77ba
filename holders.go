//go:build linux

package netns

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

var holderOrder = []HolderKind{HeldByProcess, HeldByThread, HeldByDescriptor, HeldBySocket, HeldByMount}

// Holders returns what keeps each of some namespaces, by kind and process, from one look through /proc. The namespaces
// must live meanwhile, best by being open: the kernel tells them apart by a number that it uses again, so of a closed one
// that has ended it returns what keeps another. The caller's own descriptors of namespaces are left out.
//
// What may not be looked at is left out as well: other users' processes take CAP_SYS_PTRACE, their sockets also
// CAP_NET_ADMIN. [CheckSight] tells whether /proc hides processes altogether. Nothing shows a mount namespace in which no process is, a descriptor that is on its way through a socket,
// or a process of a PID namespace that /proc does not cover.
func Holders(ctx context.Context, namespaces ...*Namespace) ([][]Holder, error) {
	s := newSearch(namespaces)
	if err := s.ownMounts(); err != nil {
		return nil, err
	}
	_, err := eachProcess(ctx, func(p *process) error {
		inside, err := s.threads(p)
		if err != nil {
			return err
		}
		if err := s.descriptors(p, inside); err != nil && !isRefused(err) {
			return err
		}
		return s.mounts(p)
	})
	return s.results(namespaces), err
}

// Processes returns the processes whose main thread is in each of some namespaces: part of what [Holders] does, and
// quicker.
func Processes(ctx context.Context, namespaces ...*Namespace) ([][]Holder, error) {
	s := newSearch(namespaces)
	_, err := eachProcess(ctx, func(p *process) error {
		link, err := p.link("ns/net")
		if err == nil && s.wants(link) {
			s.add(string(link), p, Holder{Kind: HeldByProcess})
		}
		return err
	})
	return s.results(namespaces), err
}

// A search is one look through /proc. Namespaces are told apart by what their links there lead to.
type search struct {
	self    int
	counts  bool                // the size of /proc/PID/fd is the number of descriptors
	given   map[int]bool        // the caller's descriptors that the wanted namespaces were given by
	nsfs    uint64              // the device of namespaces
	found   map[string][]Holder // has the wanted ones, even without holders
	seen    map[string]bool     // mount namespaces and the root directories from which they were seen
	mounted map[string]bool     // mounts, by their ids
}

func newSearch(namespaces []*Namespace) *search {
	s := &search{
		self: selfInProc(), given: map[int]bool{}, found: map[string][]Holder{}, seen: map[string]bool{}, mounted: map[string]bool{},
	}
	var st unix.Stat_t
	if unix.Stat("/proc/self/ns/net", &st) == nil {
		s.nsfs = uint64(st.Dev)
	}
	s.counts = unix.Stat("/proc/self/fd", &st) == nil && st.Size > 0 // since Linux 6.2 (proc_fd_getattr)
	for _, ns := range namespaces {
		s.found[ns.link()] = nil
		s.given[ns.Fd()] = true
	}
	return s
}

// link returns what the namespace's links in /proc lead to.
func (n *Namespace) link() string { return linkOf(n.id) }

func linkOf(inode uint64) string { return "net:[" + strconv.FormatUint(inode, 10) + "]" }

func (s *search) wants(link []byte) bool {
	_, wanted := s.found[string(link)]
	return wanted
}

func (s *search) add(link string, p *process, h Holder) {
	h.PID, h.Command = p.pid, p.command()
	s.found[link] = append(s.found[link], h)
}

func (s *search) results(namespaces []*Namespace) [][]Holder {
	results := make([][]Holder, len(namespaces))
	for i, ns := range namespaces {
		results[i] = s.found[ns.link()]
		slices.SortStableFunc(results[i], func(a, b Holder) int {
			return cmp.Compare(slices.Index(holderOrder, a.Kind), slices.Index(holderOrder, b.Kind))
		})
	}
	return results
}

// threads finds what of a process is in the namespaces, and returns those that it is in.
func (s *search) threads(p *process) (inside []string, err error) {
	main := ""
	err = p.eachThread(func(tid int, link []byte) {
		if tid == p.pid {
			main = string(link)
		}
		if !s.wants(link) || tid != p.pid && string(link) == main {
			return
		}
		namespace, h := string(link), Holder{Kind: HeldByProcess}
		if tid != p.pid {
			h = Holder{Kind: HeldByThread, TID: tid}
		}
		inside = append(inside, namespace)
		s.add(namespace, p, h)
	})
	return inside, err
}
