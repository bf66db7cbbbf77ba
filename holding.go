//go:build linux

package netns

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// descriptors finds a process's open descriptors of namespaces, and its sockets of those that it is not inside.
func (s *search) descriptors(p *process, inside []string) error {
	var st unix.Stat_t
	if s.counts && unix.Fstatat(p.dir, "fd", &st, 0) == nil && st.Size == 0 { // as of the kernel's own threads
		return nil
	}
	fds, err := p.numbers("fd")
	pidfd := -1
	defer func() {
		if pidfd >= 0 {
			unix.Close(pidfd)
		}
	}()
	for _, fd := range fds {
		if p.pid == s.self && s.given[fd] { // there can be many, and they are left out
			continue
		}
		link, linkErr := p.link("fd/" + strconv.Itoa(fd))
		if linkErr != nil { // closed meanwhile
			continue
		}
		switch namespace := s.opened(p, fd, link); {
		case namespace != "":
			if p.pid != s.self {
				s.add(namespace, p, Holder{Kind: HeldByDescriptor, FD: fd})
			}
		case bytes.HasPrefix(link, []byte("socket:[")), string(link) == "/dev/net/tun":
			if s.self != os.Getpid() { // so that in /proc a number means another process than it does in pidfd_open
				continue
			}
			if pidfd < 0 {
				if pidfd, err = unix.PidfdOpen(p.pid, 0); err != nil {
					return err
				}
			}
			namespace := socketNamespace(pidfd, fd)
			if s.wants([]byte(namespace)) && !slices.Contains(inside, namespace) {
				s.add(namespace, p, Holder{Kind: HeldBySocket, FD: fd})
			}
		}
	}
	return err
}

// opened returns the wanted namespace that a descriptor is of, as a link, or "". What was opened by a name shows the path of
// that mount, and / once it was unmounted. Nothing is asked about other files that could wait for another machine.
func (s *search) opened(p *process, fd int, link []byte) string {
	if s.wants(link) {
		return string(link)
	}
	if !bytes.HasPrefix(link, []byte("/")) {
		return ""
	}
	inode, known := p.inode(fd)
	if namespace := linkOf(inode); known && !s.wants([]byte(namespace)) {
		return ""
	}
	var st unix.Stat_t
	if unix.Fstatat(p.dir, "fd/"+strconv.Itoa(fd), &st, 0) != nil || st.Dev != s.nsfs {
		return ""
	}
	if namespace := linkOf(st.Ino); s.wants([]byte(namespace)) {
		return namespace
	}
	return ""
}

// inode returns the inode number of an open file. It is not known before Linux 5.14.
func (p *process) inode(fd int) (inode uint64, known bool) {
	info, err := unix.Openat(p.dir, "fdinfo/"+strconv.Itoa(fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer unix.Close(info)
	var buf [256]byte // the inode is in the fourth line
	n, err := unix.Read(info, buf[:])
	if err != nil {
		return 0, false
	}
	_, text, known := strings.Cut(string(buf[:n]), "\nino:\t")
	text, _, _ = strings.Cut(text, "\n")
	inode, err = strconv.ParseUint(text, 10, 64)
	return inode, known && err == nil
}

// socketNamespace returns the namespace that another process's socket was made in, as a link, or "" if it cannot be known.
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
	return linkOf(st.Ino)
}

// ownMounts finds where the namespaces are mounted in the caller's mount namespace. It comes first, so that these are not
// taken for another process's.
func (s *search) ownMounts() error {
	return s.addMounts("/proc/thread-self/mountinfo", func(namespace, path string) {
		s.found[namespace] = append(s.found[namespace], Holder{Kind: HeldByMount, Path: path})
	})
}

// mounts finds where the namespaces are mounted in a process's mount namespace, unless that was looked at already. A
// process that changed its root sees only part of the mounts.
func (s *search) mounts(p *process) error {
	link, err := p.link("ns/mnt")
	if err != nil {
		return err
	}
	key := string(link)
	if link, err = p.link("root"); err != nil {
		return err
	}
	key += " " + string(link)
	if s.seen[key] {
		return nil
	}
	err = s.addMounts(fmt.Sprintf("/proc/self/fd/%d/mountinfo", p.dir), func(namespace, path string) {
		s.add(namespace, p, Holder{Kind: HeldByMount, Path: path})
	})
	if _, ended := p.link("ns/mnt"); ended != nil {
		return ended
	}
	s.seen[key] = err == nil
	return err
}

func (s *search) addMounts(mountinfo string, add func(namespace, path string)) error {
	mounts, err := sys.NamespaceMounts(mountinfo)
	for _, m := range mounts {
		if s.wants([]byte(m.Namespace)) && !s.mounted[m.ID] {
			s.mounted[m.ID] = true
			add(m.Namespace, m.Path)
		}
	}
	return err
}
