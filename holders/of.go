//go:build linux

package holders

import (
	"context"
	"strconv"
	"strings"

	"github.com/netns-go/netns"
)

// Of returns what holds each given namespace, sorted by kind and then by process, from one look through /proc. It leaves out
// the caller's own descriptors of namespaces. The namespaces must be open: the kernel reuses the number of a namespace that has
// ended, and Of would return what holds the new one.
//
// Of leaves out what the caller may not look at: other users' processes need CAP_SYS_PTRACE, and sockets need CAP_NET_ADMIN.
// [CheckComplete] returns an error if that can be so. /proc shows no mount namespace without a process, no descriptor
// on its way through a socket, and no process of a PID namespace outside of its own.
func Of(ctx context.Context, namespaces ...*netns.Namespace) ([][]Holder, error) {
	s := newSearch(namespaces)
	// The caller's mount namespace is first, so that its mounts do not count as another process's.
	if err := s.addMounts("/proc/thread-self/mountinfo", Holder{Kind: Mount}); err != nil {
		return nil, err
	}
	_, _, err := eachProcess(ctx, func(p *process) error {
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

// Processes returns the processes whose main thread is inside, for each given namespace. It does less work than [Of].
func Processes(ctx context.Context, namespaces ...*netns.Namespace) ([][]Holder, error) {
	s := newSearch(namespaces)
	_, _, err := eachProcess(ctx, func(p *process) error {
		link, err := p.link("ns/net")
		s.add(link, p, Holder{Kind: Process})
		return err
	})
	return s.results(namespaces), err
}

// InUse returns the processes whose main thread is in a network namespace, by the namespace's [netns.Namespace.ID], from one look
// through /proc. It finds namespaces without a name too, such as those of containers. It leaves out other users' processes if
// CAP_SYS_PTRACE is missing.
func InUse(ctx context.Context) (map[uint64][]int, error) {
	users := map[uint64][]int{}
	_, _, err := eachProcess(ctx, func(p *process) error {
		link, err := p.link("ns/net")
		if err != nil {
			return err
		}
		id, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(link, "net:["), "]"), 10, 64)
		users[id] = append(users[id], p.pid)
		return err
	})
	return users, err
}
