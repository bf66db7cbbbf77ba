//go:build linux

package sys

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Sysctl returns the value of a kernel parameter, as user.max_mnt_namespaces, without blanks around it. The dots of the key
// are the slashes of its path below /proc/sys. The namespaces of the calling thread decide which value that is.
func Sysctl(key string) (string, error) {
	f, err := Open("/proc/sys/"+strings.ReplaceAll(key, ".", "/"), unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return strings.TrimSpace(string(text)), err
}

// HasSeccompFilter reports whether the calling thread has a seccomp(2) filter.
func HasSeccompFilter() bool {
	status, err := os.ReadFile("/proc/thread-self/status")
	return err == nil && strings.Contains(string(status), "\nSeccomp:\t2\n")
}

// Numbers returns the names in an open directory that are numbers: processes, threads or descriptors. It reads into buf.
func Numbers(dir int, buf []byte) (numbers []int, err error) {
	var names []string
	for {
		n, err := AgainInt(func() (int, error) { return unix.ReadDirent(dir, buf) })
		if err != nil || n == 0 {
			return numbers, err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		for _, name := range names {
			if number, err := strconv.Atoi(name); err == nil {
				numbers = append(numbers, number)
			}
		}
	}
}
