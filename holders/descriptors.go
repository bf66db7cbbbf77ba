//go:build linux

package holders

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/netns-go/netns/internal/thread"
	"golang.org/x/sys/unix"
)

// descriptors adds a process's open descriptors of the namespaces, and its sockets in namespaces that it is not inside.
func (s *search) descriptors(p *process, inside []string) error {
	var st unix.Stat_t
	if s.counts && unix.Fstatat(p.dir, "fd", &st, 0) == nil && st.Size == 0 { // as of the kernel's own threads
		return nil
	}
	fds, err := p.numbers("fd")
	var sockets []int
	for _, fd := range fds {
		link, linkErr := p.link("fd/" + strconv.Itoa(fd))
		if linkErr != nil { // closed meanwhile
			continue
		}
		if p.pid != s.self {
			s.add(s.opened(p, fd, link), p, Holder{Kind: Descriptor, FD: fd})
		}
		if strings.HasPrefix(link, "socket:[") || link == "/dev/net/tun" {
			sockets = append(sockets, fd)
		}
	}
	return cmp.Or(err, s.sockets(p, sockets, inside))
}

// sockets adds the given sockets of a process that were made in namespaces that the process is not inside.
func (s *search) sockets(p *process, fds []int, inside []string) error {
	if len(fds) == 0 || s.self != os.Getpid() { // a number means one process in /proc and another one in pidfd_open
		return nil
	}
	pidfd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pidfd)
	for _, fd := range fds {
		if namespace := socketNamespace(pidfd, fd); !slices.Contains(inside, namespace) {
			s.add(namespace, p, Holder{Kind: Socket, FD: fd})
		}
	}
	return nil
}

// opened returns the link of the namespace that a descriptor is of. If the descriptor is not of a wanted namespace, opened returns
// some other text. If the descriptor was opened by a name, its own link is the path of that mount, or / after it is unmounted. Of
// other files only the inode number is read, because stat(2) may wait for another machine.
func (s *search) opened(p *process, fd int, link string) string {
	if !strings.HasPrefix(link, "/") {
		return link
	}
	inode, known := p.inode(fd)
	if namespace := thread.Link(inode); known && !s.wants(namespace) {
		return ""
	}
	var st unix.Stat_t
	if unix.Fstatat(p.dir, "fd/"+strconv.Itoa(fd), &st, 0) != nil || st.Dev != s.nsfs {
		return ""
	}
	return thread.Link(st.Ino)
}

// inode returns the inode number of an open file. Before Linux 5.14, /proc does not show it.
func (p *process) inode(fd int) (inode uint64, known bool) {
	_, text, _ := strings.Cut(p.read("fdinfo/"+strconv.Itoa(fd)), "\nino:\t")
	text, _, _ = strings.Cut(text, "\n")
	inode, err := strconv.ParseUint(text, 10, 64)
	return inode, err == nil
}

// socketNamespace returns the link of the namespace in which a process's socket was made, or "" if it cannot be known.
func socketNamespace(pidfd, fd int) string {
	socket, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(socket)
	ns, err := unix.IoctlRetInt(socket, unix.SIOCGSKNS)
	if err != nil {
		return ""
	}
	defer unix.Close(ns)
	var st unix.Stat_t
	if unix.Fstat(ns, &st) != nil {
		return ""
	}
	return thread.Link(st.Ino)
}
