//go:build linux

package persist

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A name whose lowest layer is no regular file has no claim. The package does not open that layer: opening a pipe waits for a writer.
func TestBelowIsNoFile(t *testing.T) {
	for kind, make := range map[string]func(path string) error{
		"a pipe":   func(path string) error { return unix.Mkfifo(path, 0o600) },
		"a device": func(path string) error { return unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(4, 250))) },
		"a socket": func(path string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		},
	} {
		t.Run(kind, func(t *testing.T) {
			s := prepared(t)
			done(t, s, "good")
			if err := make(s.Path("x")); err != nil {
				t.Fatal(err)
			}
			stack(t, s, "x")
			start := time.Now()
			inState(t, s, "x", Ready)
			recovers(t, s, false, nil)
			if err := s.Delete(t.Context(), "x", false); err != nil {
				t.Error(err)
			}
			if _, err := s.Lookup("x"); !isMissing(err) {
				t.Errorf("still there: %v", err)
			}
			inState(t, s, "good", Ready)
			if took := time.Since(start); took > readersPatience {
				t.Errorf("took %v", took)
			}
			remove(t, s, "good")
		})
	}
}
