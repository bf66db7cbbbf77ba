package persist

import (
	"os"
	"strconv"
	"strings"
)

// A mount is a line of mountinfo, see proc_pid_mountinfo(5). Reading that takes longer the more mounts there are, so only
// Recover does it.
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
		before, after, _ := strings.Cut(line, " - ")
		fields, fstype := strings.Fields(before), strings.Fields(after)
		if len(fields) < 6 || len(fstype) < 1 {
			continue
		}
		m := mount{id: fields[0], parent: fields[1], root: fields[3], point: unescape(fields[4]), fstype: fstype[0]}
		for _, optional := range fields[6:] {
			if peers, ok := strings.CutPrefix(optional, "shared:"); ok {
				m.peers = peers
			}
		}
		mounts = append(mounts, m)
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
