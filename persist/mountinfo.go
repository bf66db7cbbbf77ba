package persist

import (
	"os"
	"strconv"
	"strings"
)

// A mount is a line of mountinfo, see proc_pid_mountinfo(5). Reading that takes longer the more mounts there are, so only
// Recover does it, and who asks what holds a namespace.
type mount struct {
	id, parent  string
	root, point string
	peers       string // its peer group, or ""
	fstype      string
}

func readMounts() ([]mount, error) {
	info, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return nil, err
	}
	var mounts []mount
	for line := range strings.Lines(string(info)) {
		if m, ok := parseMount(line); ok {
			mounts = append(mounts, m)
		}
	}
	return mounts, nil
}

func parseMount(line string) (m mount, ok bool) {
	before, after, _ := strings.Cut(line, " - ")
	fields, fstype := strings.Fields(before), strings.Fields(after)
	if len(fields) < 6 || len(fstype) < 1 {
		return m, false
	}
	m = mount{id: fields[0], parent: fields[1], root: fields[3], point: unescape(fields[4]), fstype: fstype[0]}
	for _, optional := range fields[6:] {
		if peers, ok := strings.CutPrefix(optional, "shared:"); ok {
			m.peers = peers
		}
	}
	return m, true
}

// A NamespaceMount is where a namespace, of whatever type, is mounted.
type NamespaceMount struct {
	ID        string // the kernel's, one for each mount of the machine
	Namespace string // as its links in /proc show it: net:[4026531840]
	Path      string // seen from the root of the process whose mountinfo it is from
}

// NamespaceMounts returns the mounts of namespaces in a mountinfo file: /proc/PID/mountinfo.
func NamespaceMounts(mountinfo string) ([]NamespaceMount, error) {
	info, err := os.ReadFile(mountinfo)
	if err != nil {
		return nil, err
	}
	var mounts []NamespaceMount
	for line := range strings.Lines(string(info)) {
		if !strings.Contains(line, ":[") { // most lines
			continue
		}
		if m, ok := parseMount(line); ok && m.fstype == "nsfs" {
			mounts = append(mounts, NamespaceMount{m.id, m.root, m.point})
		}
	}
	return mounts, nil
}

// unescape undoes what the kernel does to blanks and backslashes in mountinfo: an octal number after a backslash.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
