//go:build linux && (amd64 || arm64)

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a command may take.
const patience = 20 * time.Second

// An answer is how a command ended.
type answer struct {
	Code           int
	Stdout, Stderr string
}

func (a answer) String() string {
	const enough = 400 // of a crash message of the Go runtime
	return fmt.Sprintf("exit code %d, %q", a.Code, a.Stderr[:min(len(a.Stderr), enough)])
}

// run runs a command, tells it to end after a moment if term is set, and kills it when patience ends.
func run(cmd *exec.Cmd, term bool) answer {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return answer{-1, "", err.Error()}
	}
	kill := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer kill.Stop()
	if term {
		defer time.AfterFunc(400*time.Millisecond, func() { cmd.Process.Signal(syscall.SIGTERM) }).Stop()
	}
	err := cmd.Wait()
	text := stderr.String()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		text += err.Error()
	}
	code := cmd.ProcessState.ExitCode()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		code = 256 + int(status.Signal()) // netns catches signals, so no exit code has this value
	}
	return answer{code, stdout.String(), text}
}

// A thing is the kind of a name in the run directory.
type thing struct {
	inode  uint64 // of the namespace that it shows, or 0
	mounts int    // how often something is mounted on it
}

// A directory maps the names in a run directory to what they show.
type directory map[string]thing

// look looks at a run directory as a process sees it, whose root below is a path in its own.
func look(pid int, below string) (directory, error) {
	process := "/proc/" + strconv.Itoa(pid)
	dir := directory{}
	entries, err := os.ReadDir(process + "/root" + below + runDir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	mounts, err := mountsBelow(process, below+runDir+"/")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), loopName) {
			continue
		}
		inode, err := namespaceAt(process + "/root" + below + runDir + "/" + e.Name())
		if err != nil {
			return nil, err
		}
		dir[e.Name()] = thing{inode, mounts[e.Name()]}
	}
	return dir, nil
}

// namespaceAt returns the inode of the namespace that is mounted on a name, or 0.
func namespaceAt(path string) (uint64, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var fs unix.Statfs_t
	var st unix.Stat_t
	if err := errors.Join(unix.Fstatfs(fd, &fs), unix.Fstat(fd, &st)); err != nil {
		return 0, err
	}
	if fs.Type != unix.NSFS_MAGIC {
		return 0, nil
	}
	return st.Ino, nil
}

// mountsBelow counts the mounts of a process by what follows a prefix in their paths.
func mountsBelow(process, prefix string) (map[string]int, error) {
	info, err := os.ReadFile(process + "/mountinfo")
	if err != nil {
		return nil, err
	}
	mounts := map[string]int{}
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(strings.Split(line, " ")[4], prefix); ok {
			mounts[name]++
		}
	}
	return mounts, nil
}

// processes returns the living processes of this PID namespace, by number and name.
func processes() []string {
	var living []string
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil || e.Name()[0] < '0' || e.Name()[0] > '9' {
			continue
		}
		if command, rest, ok := strings.Cut(string(stat), ") "); ok && rest[0] != 'Z' && rest[0] != 'X' {
			living = append(living, command+")")
		}
	}
	slices.Sort(living)
	return living
}
