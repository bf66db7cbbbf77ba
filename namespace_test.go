//go:build linux

package netns_test

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// OpenPidfd opens the namespace of the pidfd's process, and fails when that has ended.
func TestOpenPidfd(t *testing.T) {
	world.Clean(t)
	cmd := exec.Command("unshare", "-n", "sh", "-c", "echo; read wait")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil { // it is inside
		t.Fatal(err)
	}
	pidfd, err := unix.PidfdOpen(cmd.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	byPID, err := netns.OpenPID(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer byPID.Close()
	for what, open := range map[string]func(int) (*netns.Namespace, error){
		"OpenPidfd": netns.OpenPidfd, "before Linux 6.11": netns.OpenPidfdByNumber,
	} {
		ns, err := open(pidfd)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		again, err := netns.OpenPath(ns.Path())
		if err != nil || ns.ID() != byPID.ID() || again.ID() != ns.ID() {
			t.Errorf("%s: %s is %d, want %d; %v", what, ns.Path(), ns.ID(), byPID.ID(), err)
		}
		again.Close()
		ns.Close()
		for _, bad := range []int{0, -1, 4711} {
			if _, err := open(bad); err == nil {
				t.Errorf("%s: descriptor %d: no error", what, bad)
			}
		}
	}
	stdin.Close()
	var missing *netns.NotExistError
	zombie := func() bool { return ended(cmd.Process.Pid) }
	for end := time.Now().Add(5 * time.Second); !zombie() && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	for _, when := range []string{"a zombie", "reaped"} {
		for what, open := range map[string]func(int) (*netns.Namespace, error){
			"OpenPidfd": netns.OpenPidfd, "before Linux 6.11": netns.OpenPidfdByNumber,
		} {
			if _, err := open(pidfd); !errors.As(err, &missing) {
				t.Errorf("%s, %s: %v", what, when, err)
			}
		}
		cmd.Wait()
	}
}

// While a function has the descriptor, Close does not close it.
func TestSyscallConn(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer netns.Delete(context.Background(), "x", netns.DeleteOptions{})
	conn, err := ns.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	used := false
	err = conn.Control(func(fd uintptr) {
		used = true
		closed := make(chan error)
		go func() { closed <- ns.Close() }()
		select {
		case <-closed:
		case <-time.After(10 * time.Millisecond):
		}
		var st unix.Stat_t
		if err := unix.Fstat(int(fd), &st); err != nil || st.Ino != ns.ID() {
			t.Errorf("the descriptor is of %d, want %d; %v", st.Ino, ns.ID(), err)
		}
	})
	if err != nil || !used {
		t.Errorf("Control: %v", err)
	}
	if err := conn.Control(func(uintptr) { t.Error("called after Close") }); err == nil {
		t.Error("no error after Close")
	}
}
