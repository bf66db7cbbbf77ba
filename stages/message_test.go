//go:build linux

package stages

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

func samples() []*message {
	taken := &persist.StateError{Path: "/run/netns/a", Entry: persist.Entry{Name: "a", State: persist.Kept, Stage: "verify", PID: 7}}
	return []*message{
		{kind: kindHello},
		{kind: kindPlan, dir: "/run/netns", names: []string{"a", "b c"}, keep: true,
			steps: []Step{{loopbackStage, []byte{}}, {"x", []byte("any\x00thing\n")}}},
		{kind: kindPlan, dir: "/run/netns", attach: true, progress: true},
		{kind: kindPlan, dir: "/run/netns", together: true, again: true},
		{kind: kindPlan, dir: "/run/netns", hand: true},
		{kind: kindBuilt},
		{kind: kindClaim},
		{kind: kindPublish},
		{kind: kindPassed, target: 3, stage: "verify", took: time.Second},
		{kind: kindReady, complete: 1000},
		{kind: kindReady, complete: 2, kept: true, target: 2, stage: "verify", err: toRemote(fmt.Errorf("x: %w", unix.EIO))},
		{kind: kindFailed, undone: true, err: toRemote(fmt.Errorf("publish: %w", taken))},
		{kind: kindFailed, err: toRemote(&persist.UnsupportedError{Need: "something", Err: unix.EINVAL})},
		{kind: kindCommit},
	}
}

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

// Files for which there is no room are not taken for files that were not sent.
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

func TestMessagesCross(t *testing.T) {
	r, w := sockets(t)
	go func() {
		defer w.Close()
		for _, m := range samples() {
			// A byte at a time: whoever reads must not depend on how it was written.
			for _, b := range m.encode() {
				w.Write([]byte{b})
			}
		}
	}()
	c := newConn(r)
	defer r.Close()
	for _, want := range samples() {
		got, err := c.receive()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
	if _, err := c.receive(); err != io.EOF {
		t.Errorf("at the end: %v", err)
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

// What callers branch on crosses, and the text stays as it was.
func TestErrorsCross(t *testing.T) {
	cross := func(err error) error {
		m := &message{kind: kindFailed, stage: "x", err: toRemote(&Error{"a", "x", err})}
		got, decodeErr := decodeMessage(m.kind, m.encode()[headerLen:])
		if decodeErr != nil {
			t.Fatal(decodeErr)
		}
		return failure("a", got)
	}
	path := &fs.PathError{Op: "mount", Path: "/run/netns/a", Err: unix.EPERM}
	err := cross(&persist.PrivilegeError{Capability: "CAP_SYS_ADMIN", Purpose: "it", Err: path})
	var stage *Error
	if !errors.Is(err, unix.EPERM) || !errors.Is(err, fs.ErrPermission) || !errors.As(err, &stage) || stage.Stage != "x" {
		t.Errorf("%#v", err)
	}
	if !strings.Contains(err.Error(), "mount /run/netns/a: operation not permitted: it needs CAP_SYS_ADMIN") {
		t.Error(err)
	}
	var lacking *persist.PrivilegeError
	if !errors.As(err, &lacking) || lacking.Capability != "CAP_SYS_ADMIN" {
		t.Errorf("%#v", err)
	}
	err = cross(&persist.RefusedError{Capability: "CAP_SYS_ADMIN", Reason: "AppArmor", Err: path})
	var refused *persist.RefusedError
	if errors.As(err, &lacking) || !errors.As(err, &refused) || refused.Capability != "CAP_SYS_ADMIN" {
		t.Errorf("%#v", err)
	}
	err = cross(&persist.UnsupportedError{Need: "CONFIG_NET_NS", Err: unix.EINVAL})
	if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, unix.EINVAL) {
		t.Errorf("%#v", err)
	}
	want := persist.StateError{Path: "/run/netns/a", Entry: persist.Entry{Name: "a", State: persist.Ready}}
	var state *persist.StateError
	if err := cross(&want); !errors.As(err, &state) || *state != want || !errors.Is(err, fs.ErrExist) {
		t.Errorf("%#v", err)
	}
	plain := cross(errors.New("plain"))
	var errno syscall.Errno
	if errors.As(plain, &errno) || errors.As(plain, &state) && state == nil || errors.Is(plain, errors.ErrUnsupported) {
		t.Errorf("%#v", plain)
	}
}

// Whatever comes over the socket is one message or an error, and never more memory than it has bytes.
func FuzzMessage(f *testing.F) {
	for _, m := range samples() {
		f.Add(m.kind, m.encode()[headerLen:])
	}
	f.Add(byte(kindPlan), bytes.Repeat([]byte{0xff}, 20))
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		m, err := decodeMessage(kind, body)
		if err != nil {
			return
		}
		if len(m.names) > len(body) || len(m.steps) > len(body) {
			t.Errorf("%d names and %d steps of %d bytes", len(m.names), len(m.steps), len(body))
		}
		again, err := decodeMessage(kind, m.encode()[headerLen:])
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}
