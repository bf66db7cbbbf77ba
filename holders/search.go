//go:build linux

package holders

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/internal/thread"
	"golang.org/x/sys/unix"
)

// kinds are the kinds in the order of results.
var kinds = []Kind{Process, Thread, Descriptor, Socket, Mount}

// A search is one look through /proc. It tells namespaces apart by their links there.
type search struct {
	self    int
	counts  bool                // the size of /proc/PID/fd is the number of descriptors
	nsfs    uint64              // the device of namespaces
	found   map[string][]Holder // has a key for each wanted namespace
	seen    map[string]bool     // mount namespaces, each with the root directory from which it was seen
	mounted map[string]bool     // mounts, by their ids
}

func newSearch(namespaces []*netns.Namespace) *search {
	s := &search{self: selfInProc(), found: map[string][]Holder{}, seen: map[string]bool{}, mounted: map[string]bool{}}
	var st unix.Stat_t
	if unix.Stat("/proc/self/ns/net", &st) == nil {
		s.nsfs = uint64(st.Dev)
	}
	s.counts = unix.Stat("/proc/self/fd", &st) == nil && st.Size > 0 // since Linux 6.2 (proc_fd_getattr)
	for _, ns := range namespaces {
		s.found[thread.Link(ns.ID())] = nil
	}
	return s
}

func (s *search) wants(link string) bool {
	_, wanted := s.found[link]
	return wanted
}

// add adds a holder to those of the namespace with this link, if that is wanted.
func (s *search) add(link string, p *process, h Holder) {
	if s.wants(link) {
		h.PID, h.Command = p.pid, p.command()
		s.found[link] = append(s.found[link], h)
	}
}

func (s *search) results(namespaces []*netns.Namespace) [][]Holder {
	results := make([][]Holder, len(namespaces))
	for i, ns := range namespaces {
		results[i] = s.found[thread.Link(ns.ID())]
		slices.SortStableFunc(results[i], func(a, b Holder) int {
			return cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind))
		})
	}
	return results
}

// threads adds the threads of a process that are in the namespaces, and returns all namespaces that its threads are in.
func (s *search) threads(p *process) (inside []string, err error) {
	main := ""
	err = p.eachThread(func(tid int, link string) {
		h := Holder{Kind: Thread, TID: tid}
		if tid == p.pid {
			h, main = Holder{Kind: Process}, link
		}
		if tid == p.pid || link != main {
			inside = append(inside, link)
			s.add(link, p, h)
		}
	})
	return inside, err
}

// mounts adds the mounts of the namespaces in a process's mount namespace, unless the search has seen that already. A process
// that changed its root sees only some of the mounts, so the root counts too.
func (s *search) mounts(p *process) error {
	ns, err := p.link("ns/mnt")
	if err != nil {
		return err
	}
	root, err := p.link("root")
	if err != nil {
		return err
	}
	key := ns + " " + root
	if s.seen[key] {
		return nil
	}
	mounts := Holder{Kind: Mount, PID: p.pid, Command: p.command()}
	err = s.addMounts(fmt.Sprintf("/proc/self/fd/%d/mountinfo", p.dir), mounts)
	if _, ended := p.link("ns/mnt"); ended != nil {
		return ended
	}
	s.seen[key] = err == nil
	return err
}

// addMounts adds the mounts of the namespaces in a mountinfo file, each as h with its path.
func (s *search) addMounts(mountinfo string, h Holder) error {
	mounts, err := sys.NamespaceMounts(mountinfo)
	for _, m := range mounts {
		if s.wants(m.Namespace) && !s.mounted[m.ID] {
			s.mounted[m.ID] = true
			h.Path = m.Path
			s.found[m.Namespace] = append(s.found[m.Namespace], h)
		}
	}
	return err
}
