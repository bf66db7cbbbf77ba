//go:build linux

package stages

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func sockets(t *testing.T) (a, b *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fds[0]), "a"), os.NewFile(uintptr(fds[1]), "b")
}

// Files cross with the message that they belong to, however long it is.
func TestFilesCross(t *testing.T) {
	r, w := sockets(t)
	defer r.Close()
	files := []*os.File{os.Stdin, os.Stdout}
	many := &message{kind: kindPlan, dir: strings.Repeat("x", 1<<20)}
	go func() {
		defer w.Close()
		c := newConn(w)
		c.send(&message{kind: kindHello}, files[:1]...)
		c.send(many, files...)
	}()
	c := newConn(r)
	for _, want := range []int{1, 2} {
		m, err := c.receive()
		if err != nil || len(c.fds) != want || want == 2 && m.dir != many.dir {
			t.Fatalf("%d descriptors with %q, %v", len(c.fds), m.kind, err)
		}
		for i, fd := range c.fds {
			received := os.NewFile(uintptr(fd), "received")
			a, _ := received.Stat()
			b, _ := files[i].Stat()
			if !os.SameFile(a, b) {
				t.Errorf("file %d is another one", i)
			}
			received.Close()
		}
		c.fds = nil
	}
}

// If there is no room for the files that come with a message, the error says so, and not that they were not sent.
func TestNoRoomForFiles(t *testing.T) {
	r, w := sockets(t)
	defer r.Close()
	defer w.Close()
	if err := newConn(w).send(&message{kind: kindClaim}, os.Stdin, os.Stdout); err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	free, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(free)
	room := limit
	room.Cur = uint64(free) + 1
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &room); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	c := newConn(r)
	if _, err := c.receive(); !errors.Is(err, unix.EMFILE) || len(c.fds) != 1 {
		t.Errorf("%v, with %d files", err, len(c.fds))
	}
	c.close()
	if again, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, free); again != free {
		t.Errorf("what came was not closed: %v", err)
	} else {
		unix.Close(again)
	}
}

func TestReceiveRefuses(t *testing.T) {
	for text, data := range map[string]string{
		"cut off":   "p\x10\x00\x00\x00abc",
		"malformed": "z\x00\x00\x00\x00",
		"bytes":     "p\xff\xff\xff\xff",
	} {
		r, w := sockets(t)
		w.WriteString(data)
		w.Close()
		if _, err := newConn(r).receive(); err == nil || err == io.EOF || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", data, err)
		}
		r.Close()
	}
}
