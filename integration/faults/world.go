//go:build amd64

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	machine "github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

const (
	runDir = "/run/netns"
	// earlier is a namespace that exists in every case, and that no case may change.
	earlier = "earlier"
)

// patience is the limit on a command. The command itself waits for ten seconds at most, for a silent child.
const patience = 15 * time.Second

// A world stands for a machine: a mount namespace, and a PID namespace with this process as its first one.
type world struct {
	binary  string
	recover bool // the command has the verb
	null    *os.File
}

func newWorld(binary string) (*world, error) {
	if os.Getpid() != 1 {
		return nil, fmt.Errorf("process %d is not the first of a world", os.Getpid())
	}
	for _, m := range []struct {
		source, target, fstype string
		flags                  uintptr
	}{
		{"", "/", "", unix.MS_PRIVATE | unix.MS_REC},
		{"proc", "/proc", "proc", 0},
	} {
		if err := unix.Mount(m.source, m.target, m.fstype, m.flags, ""); err != nil {
			return nil, fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := machine.UnmountAll("/run"); err != nil {
		return nil, err
	}
	w := &world{binary: binary, null: null}
	if err := w.renew(unix.MS_PRIVATE); err != nil {
		return nil, err
	}
	w.recover = w.run("recover", "--help").code == 0
	syscall.Umask(0o077) // so that a forgotten mode shows
	return w, nil
}

// renew replaces /run by an empty one, private or shared.
func (w *world) renew(propagation uintptr) error {
	_ = unix.Unmount("/run", unix.MNT_DETACH) // no mount the first time
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	return os.NewSyscallError("mount", unix.Mount("", "/run", "", propagation, ""))
}

// An answer is the output and the end of a command.
type answer struct {
	ending
	stdout, stderr string
}

func (a answer) String() string {
	const enough = 300 // of a crash message of the Go runtime
	return fmt.Sprintf("exit code %d, %q", a.code, a.stderr[:min(len(a.stderr), enough)])
}

// run runs the command unharmed.
func (w *world) run(args ...string) answer { return w.trace(&tracer{}, args...) }

// trace runs the command under a tracer, until the command and all processes that it started have ended.
func (w *world) trace(t *tracer, args ...string) answer {
	stdout, stderr := memory("stdout"), memory("stderr")
	defer stdout.Close()
	defer stderr.Close()
	end, err := t.trace(append([]string{w.binary}, args...), &syscall.ProcAttr{
		Env:   []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
		Files: []uintptr{w.null.Fd(), stdout.Fd(), stderr.Fd()},
	}, patience)
	if err != nil {
		panic(err)
	}
	return answer{end, content(stdout), content(stderr)}
}

func memory(name string) *os.File {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		panic(err)
	}
	return os.NewFile(uintptr(fd), name)
}

func content(f *os.File) string {
	info, err := f.Stat()
	if err != nil {
		panic(err)
	}
	text := make([]byte, info.Size())
	_, _ = f.ReadAt(text, 0)
	return string(text)
}

// The natures of a name.
const (
	absent   = "absent"
	complete = "complete" // a network namespace with lo up and everything else from the options
	partial  = "partial"  // a network namespace without it
	bare     = "a file without a namespace"
)

// A sight is the content of the run directory.
type sight struct {
	names  map[string]string // the nature of each name
	mounts []string          // the mount points below /run
}

// look takes a name of the scenario for complete only if its namespace has everything inside.
func (w *world) look(of *scenario) sight {
	s := sight{names: map[string]string{}}
	entries, err := os.ReadDir(runDir)
	if err != nil && !os.IsNotExist(err) {
		panic(err)
	}
	for _, e := range entries {
		var needs inside
		if slices.Contains(of.names, e.Name()) {
			needs = of.inside
		}
		s.names[e.Name()] = nature(filepath.Join(runDir, e.Name()), needs)
	}
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(info)) {
		if point := strings.Fields(line)[4]; strings.HasPrefix(point, "/run/") {
			s.mounts = append(s.mounts, point)
		}
	}
	slices.Sort(s.mounts)
	return s
}

// of returns the nature of a name.
func (s sight) of(name string) string {
	if nature, ok := s.names[name]; ok {
		return nature
	}
	return absent
}

// all reports whether all names are of this nature.
func (s sight) all(names []string, nature string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return s.of(name) != nature })
}

func nature(path string, want inside) string {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil || st.Type != unix.NSFS_MAGIC {
		return bare
	}
	if isComplete(path, want) {
		return complete
	}
	return partial
}
