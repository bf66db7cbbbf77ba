//go:build linux

package persist

import (
	"bytes"
	"os"
	"strconv"

	"github.com/moby/sys/mountinfo"
)

// NamespaceMounts returns the mounts of namespaces in a mountinfo file: /proc/PID/mountinfo, see proc_pid_mountinfo(5).
func NamespaceMounts(path string) ([]NamespaceMount, error) {
	info, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	for line := range bytes.Lines(info) {
		if bytes.Contains(line, []byte(":[")) { // which most lines do not
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
