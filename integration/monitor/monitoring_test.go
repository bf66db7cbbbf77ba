package monitor

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
)

// A monitoring is a running monitor; the test reads its lines.
type monitoring struct {
	*exec.Cmd
	stdout io.ReadCloser
	stderr bytes.Buffer
	lines  chan string
}

// monitor starts a command and waits until it watches. The test must call stop or ends.
func monitor(t testing.TB, args ...string) *monitoring {
	t.Helper()
	m := unread(t, args...)
	go func() {
		defer close(m.lines)
		for scanner := bufio.NewScanner(m.stdout); scanner.Scan(); {
			m.lines <- scanner.Text()
		}
	}()
	return m
}

// unread is monitor without a reader of the output.
func unread(t testing.TB, args ...string) *monitoring {
	t.Helper()
	m := &monitoring{Cmd: world.Command(args...), lines: make(chan string, 1<<16)}
	m.Stderr = &m.stderr
	var err error
	if m.stdout, err = m.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Process.Kill() }) // if the test ends early
	m.settle(t)
	return m
}

// settle waits until the process watches something and is idle: all its threads sleep, at ten looks.
func (m *monitoring) settle(t testing.TB) {
	t.Helper()
	for range 1000 {
		for idle := 0; m.idle(); idle++ {
			if idle == 10 {
				return
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%q is not waiting; standard error: %s", m.Args, m.stderr.String())
}

func (m *monitoring) idle() bool {
	proc := fmt.Sprintf("/proc/%d/", m.Process.Pid)
	infos, _ := filepath.Glob(proc + "fdinfo/*")
	watches := slices.ContainsFunc(infos, func(path string) bool {
		info, _ := os.ReadFile(path)
		return bytes.Contains(info, []byte("inotify wd:"))
	})
	stats, _ := filepath.Glob(proc + "task/*/stat")
	return watches && !slices.ContainsFunc(stats, func(path string) bool {
		stat, _ := os.ReadFile(path)
		return !bytes.Contains(stat, []byte(") S "))
	})
}

// next returns the next line.
func (m *monitoring) next(t testing.TB) string {
	t.Helper()
	select {
	case line, ok := <-m.lines:
		if !ok {
			t.Fatalf("%q has ended; standard error: %s", m.Args, m.stderr.String())
		}
		return line
	case <-time.After(20 * time.Second):
		t.Fatalf("%q says no more", m.Args)
	}
	return ""
}

// says fails the test unless these are the next lines.
func (m *monitoring) says(t testing.TB, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if line := m.next(t); line != want {
			t.Fatalf("got %q, want %q", line, want)
		}
	}
}

// saysNothing fails the test if a line is about anything that has happened so far.
func (m *monitoring) saysNothing(t testing.TB, dir string) {
	t.Helper()
	if lines := m.untilMark(t, dir); len(lines) > 0 {
		t.Fatalf("got %q, want nothing", lines)
	}
}

// untilMark returns the lines about everything that has happened so far: those before the lines of a new name in dir.
func (m *monitoring) untilMark(t testing.TB, dir string) (lines []string) {
	t.Helper()
	m.settle(t)
	if err := os.Symlink("/proc/self/ns/net", dir+"/mark"); err != nil {
		t.Fatal(err)
	}
	for line := ""; line != "add mark"; line = m.next(t) {
		if line != "" {
			lines = append(lines, line)
		}
	}
	if err := os.Remove(dir + "/mark"); err != nil {
		t.Fatal(err)
	}
	m.says(t, "delete mark")
	return lines
}

// ends waits for the end, and fails the test unless it is silent and with this code, 128+N for a signal.
func (m *monitoring) ends(t testing.TB, code int) {
	t.Helper()
	timeout := time.AfterFunc(20*time.Second, func() { m.Process.Kill() })
	defer timeout.Stop()
	for line := range m.lines {
		t.Errorf("still says %q", line)
	}
	m.Wait()
	if m.ProcessState.ExitCode() != code || m.stderr.Len() > 0 {
		t.Errorf("want %d, got %v and %q", code, m.ProcessState, m.stderr.String())
	}
}

// stop ends the process by a signal.
func (m *monitoring) stop(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := m.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	m.ends(t, 128+int(sig))
}
