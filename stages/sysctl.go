//go:build linux

package stages

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

type sysctl struct {
	Inside
	settings []setting
}

type setting struct {
	path, value string
}

func decodeSysctl(args []byte) (Stage, error) {
	var s sysctl
	for _, arg := range split(args) {
		key, value, ok := strings.Cut(arg, "=")
		reason := ""
		file := sysctlPath(strings.TrimSpace(key))
		switch {
		case !ok:
			reason = "it is not KEY=VALUE"
		case strings.ContainsAny(arg, "\n"):
			reason = "it contains a newline"
		case !strings.HasPrefix(file, "/proc/sys/net/"):
			reason = "only keys that begin with net. belong to a network namespace"
		case path.Clean(file) != file:
			reason = "it is not a sysctl key"
		}
		if reason != "" {
			return nil, &ArgumentError{sysctlStage, arg, reason}
		}
		s.settings = append(s.settings, setting{file, strings.TrimSpace(value)})
	}
	return s, nil
}

// sysctlPath returns the file of a key. Whichever of dot and slash comes first in the key separates its parts (sysctl(8)). In a
// part, the other one stands for a dot: net.ipv4.conf.eth0/1 and net/ipv4/conf/eth0.1 are the same interface, eth0.1.
func sysctlPath(key string) string {
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '.' {
		key = strings.NewReplacer(".", "/", "/", ".").Replace(key)
	}
	return "/proc/sys/" + key
}

func (s sysctl) Do(*Target) error {
	for _, set := range s.settings {
		f, err := os.OpenFile(set.path, os.O_WRONLY, 0) // which file that is depends on the thread's namespace
		if err != nil {
			return persist.Needs(unix.CAP_NET_ADMIN, "setting it", err)
		}
		_, err = f.WriteString(set.value + "\n")
		f.Close()
		if err != nil {
			return fmt.Errorf("%w (value %q)", persist.Needs(unix.CAP_NET_ADMIN, "setting it", err), set.value)
		}
	}
	return nil
}
