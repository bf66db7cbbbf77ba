//go:build linux

package persist

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// openBy says which processes have a file open, apart from the descriptor f itself, as far as we may look. It goes through
// all of /proc, so it is for an error.
func openBy(f *os.File) string {
	st, err := sys.Fstat(f)
	if err != nil {
		return ""
	}
	var holders []string
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		fds, _ := filepath.Glob(process + "/fd/*")
		for _, fd := range fds {
			var seen unix.Stat_t
			if unix.Stat(fd, &seen) != nil || seen.Dev != st.Dev || seen.Ino != st.Ino {
				continue
			}
			if fd == fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) {
				continue
			}
			command, _ := os.ReadFile(process + "/comm")
			holders = append(holders, fmt.Sprintf("%s (%s)", filepath.Base(process), strings.TrimSpace(string(command))))
			break
		}
	}
	return strings.Join(holders, ", ")
}
