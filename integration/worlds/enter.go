//go:build linux && (amd64 || arm64)

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	runDir  = "/run/netns"
	scratch = "/srv"              // a tmpfs of the host's, which every world sees
	netns   = scratch + "/netns"  // the command
	self    = scratch + "/worlds" // this program
)

// A request asks the first process of a world to make the subjects, or to run a command.
type request struct {
	Subjects bool
	Args     []string
	Term     bool
}

// inside is the first process of a world.
type inside struct {
	*world
	pids map[string]string // of the processes in the subjects, by their word in a command line
}

// serve enters a world and answers the host's requests. The first answer says that the process has entered.
func (w *world) serve(in io.Reader, out io.Writer) error {
	hear, tell := json.NewDecoder(in), json.NewEncoder(out)
	me := &inside{world: w, pids: map[string]string{}}
	if err := errorOf(w.enter); err != nil {
		return tell.Encode(answer{-1, "", err.Error()})
	}
	if err := tell.Encode(answer{}); err != nil {
		return err
	}
	for {
		var r request
		if err := hear.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		var a answer
		if r.Subjects {
			if err := me.makeSubjects(); err != nil {
				a = answer{-1, "", err.Error()}
			}
		} else {
			a = me.command(r)
		}
		if err := tell.Encode(a); err != nil {
			return err
		}
	}
}

func errorOf(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

// command runs netns through -launch.
func (w *inside) command(r request) answer {
	args := []string{"-launch", w.name}
	for _, arg := range r.Args {
		if pid, ok := w.pids[arg]; ok {
			arg = pid
		}
		args = append(args, arg)
	}
	return run(exec.Command(self, args...), r.Term)
}

// makeSubjects makes the subjects and the processes in them, and then takes away what the world lacks.
func (w *inside) makeSubjects() error {
	if !w.empty {
		cmd := exec.Command(netns, append([]string{"create", "-q"}, subjects...)...)
		if w.restarted {
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS} // which ends with the command
		}
		if a := run(cmd, false); a.Code != 0 {
			return fmt.Errorf("make the subjects: %v", a)
		}
	}
	for word, name := range map[string]string{"PID-S": "s", "PID-K": "k", "PID-U": ""} {
		if err := w.sleep(word, name); err != nil {
			return err
		}
	}
	if !w.empty && !w.restarted {
		if err := unix.Unmount(runDir+"/u", unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount u: %w", err)
		}
	}
	return errorOf(w.close)
}

// sleep starts a process in a namespace, or in a fresh one, and waits until the process is inside. The process in k belongs
// to another user, unless the world has only one.
func (w *inside) sleep(word, name string) error {
	cmd := sleeper()
	switch {
	case name == "":
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	case w.empty || w.restarted:
	case name == "k" && w.ids == nil:
		cmd = sleeper(netns, "exec", "--net-only", "--user", "1000:1000", name)
	default:
		cmd = sleeper(netns, "exec", "--net-only", name)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a process in %q: %w", name, err)
	}
	go cmd.Wait()
	w.pids[word] = strconv.Itoa(cmd.Process.Pid)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if comm, err := os.ReadFile("/proc/" + w.pids[word] + "/comm"); err == nil && string(comm) == "sleep\n" {
			return nil
		}
	}
	return fmt.Errorf("no process in %q", name)
}

// sleeper returns the command of a process that does nothing, behind a prefix.
func sleeper(prefix ...string) *exec.Cmd {
	args := append(prefix, "sleep", "10000")
	return exec.Command(args[0], args[1:]...)
}

// become becomes the command, after the world's launch function has taken capabilities, say, or set a filter.
func (w *world) become(args []string) error {
	runtime.LockOSThread() // the command inherits the settings of this thread
	if err := errorOf(w.launch); err != nil {
		return err
	}
	return os.NewSyscallError("execve", syscall.Exec(netns, append([]string{"netns"}, args...), os.Environ()))
}

func words(line string) []string { return strings.Fields(line) }
