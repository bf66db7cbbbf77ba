//go:build linux

package sys

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// OpenTree clones the mount of a path, which begins at a directory or at unix.AT_FDCWD, and attaches the clone nowhere
// (open_tree(2)). The flags are those of the call. Its error is an errno.
func OpenTree(dir int, path string, flags uint) (fd int, err error) {
	return AgainInt(func() (int, error) {
		return unix.OpenTree(dir, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|flags)
	})
}

// MountID returns the id that mountinfo has for the mount on which a file was opened. While the file is open, no other mount
// gets this id.
func MountID(f *os.File) (int, error) {
	path := "/proc/self/fdinfo/" + strconv.Itoa(int(f.Fd()))
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "mnt_id:")
	line, _, _ := strings.Cut(after, "\n")
	id, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0, fmt.Errorf("%s: mnt_id: %w", path, err)
	}
	return id, nil
}

// A NamespaceMount is the mount of a namespace of any type.
type NamespaceMount struct {
	ID        string // the kernel's, unique on the machine
	Namespace string // as the links in /proc show it: net:[4026531840]
	Path      string // seen from the root of the process whose mountinfo it is from
}

// NamespaceMounts returns the mounts of namespaces in a mountinfo file: /proc/PID/mountinfo, see proc_pid_mountinfo(5).
func NamespaceMounts(path string) ([]NamespaceMount, error) {
	info, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	for line := range bytes.Lines(info) {
		if bytes.Contains(line, []byte(":[")) { // most lines do not
			lines.Write(line)
		}
	}
	found, err := mountinfo.GetMountsFromReader(&lines, mountinfo.FSTypeFilter("nsfs"))
	var mounts []NamespaceMount
	for _, m := range found {
		mounts = append(mounts, NamespaceMount{strconv.Itoa(m.ID), m.Root, m.Mountpoint})
	}
	return mounts, err
}
