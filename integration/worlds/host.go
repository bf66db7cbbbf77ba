//go:build linux && (amd64 || arm64)

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A host is the machine of a world.
type host struct {
	*world
	only   func(*verb) bool
	pid    int // of the world's first process
	tell   *json.Encoder
	hear   *json.Decoder
	others map[string]*bystander
	report report
}

// A report has the results of a world.
type report struct {
	Cells int
	Wrong []string
	Took  time.Duration
	All   []string // every cell, for -v
}

// serve runs a world and writes its report.
func (h *host) serve(binary string, out io.Writer) error {
	if os.Getpid() != 1 {
		return errors.New("this is not the first process of a host")
	}
	start := time.Now()
	if err := h.furnish(binary); err != nil {
		return err
	}
	h.others = map[string]*bystander{}
	if err := h.makeBystanders(early, earlyIP); err != nil {
		return err
	}
	stop, err := h.begin()
	if err != nil {
		return err
	}
	if err := h.makeBystanders(late, lateIP); err != nil {
		return err
	}
	if h.restless {
		go loops("1")
		go loops("2")
	}
	if a := h.ask(request{Subjects: true}); a.Code != 0 {
		return errors.New(a.Stderr)
	}
	for i := range verbs {
		if h.only(&verbs[i]) {
			if err := h.cell(&verbs[i]); err != nil {
				return fmt.Errorf("%s: %w", verbs[i].name, err)
			}
		}
	}
	stop()
	h.report.Took = time.Since(start)
	return json.NewEncoder(out).Encode(h.report)
}

// furnish makes the machine: /proc, a fresh /run, and a directory with the programs.
func (h *host) furnish(binary string) error {
	run, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	me, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	if err := ownTree(); err != nil {
		return err
	}
	if err := doMounts([]mount{
		{"proc", "/proc", "proc", 0, ""},
		{"sysfs", "/sys", "sysfs", 0, ""},
		{"tmpfs", scratch, "tmpfs", 0, "mode=755"},
		{"tmpfs", "/run", "tmpfs", 0, "mode=755"},
	}); err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(netns, run, 0o755), os.WriteFile(self, me, 0o755), os.Mkdir(rootDir, 0o755)); err != nil {
		return err
	}
	return errorOf(h.host)
}

// begin starts the world's first process and waits until the world is there.
func (h *host) begin() (stop func(), err error) {
	runtime.LockOSThread()
	cmd := exec.Command(self, "-inside", h.name)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: h.flags, Pdeathsig: syscall.SIGKILL}
	if h.ids != nil {
		cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = h.ids, h.ids
		cmd.SysProcAttr.GidMappingsEnableSetgroups = true
		cmd.SysProcAttr.Credential = &syscall.Credential{}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the world: %w", err)
	}
	h.pid, h.tell, h.hear = cmd.Process.Pid, json.NewEncoder(in), json.NewDecoder(out)
	var there answer
	if err := h.hear.Decode(&there); err != nil {
		return nil, fmt.Errorf("the world's first process: %w", err)
	}
	if there.Code != 0 {
		return nil, fmt.Errorf("enter: %s", there.Stderr)
	}
	return func() { in.Close(); cmd.Process.Kill(); cmd.Wait() }, nil
}

func (h *host) ask(r request) answer {
	var a answer
	if err := h.tell.Encode(r); err != nil {
		return answer{-1, "", err.Error()}
	}
	if err := h.hear.Decode(&a); err != nil {
		return answer{-1, "", err.Error()}
	}
	return a
}

// cell runs a row in the world, if it fits there, and judges the result.
func (h *host) cell(v *verb) error {
	want := h.expect(v)
	before, err := look(h.pid, h.root)
	if err != nil || len(want.codes) == 0 || !v.fits(before) {
		return err
	}
	if strings.HasPrefix(v.name, "recover") {
		h.waitForAge(before)
	}
	started := processes()
	var got answer
	if v.outside {
		got = run(exec.Command(netns, words(v.args)...), v.term)
	} else {
		got = h.ask(request{Args: words(v.args), Term: v.term})
	}
	after, err := look(h.pid, h.root)
	if err != nil {
		return err
	}
	wrong := judge(v, want, got, before, after)
	wrong = append(wrong, h.harmed(v, before)...)
	wrong = append(wrong, h.unlike(started, v, got.Code)...)
	h.report.Cells++
	h.report.All = append(h.report.All, fmt.Sprintf("%s: %s: %v", h.name, v.name, got))
	if len(wrong) > 0 {
		h.report.Wrong = append(h.report.Wrong, fmt.Sprintf("%s: %s: %s; %v", h.name, v.name, strings.Join(wrong, "; "), got))
	}
	return nil
}

// fits reports whether the world sees the bystander as the row needs it.
func (v *verb) fits(dir directory) bool {
	thing, there := dir[v.on]
	switch v.seen {
	case hidden:
		return there && thing.inode == 0
	case mounted:
		return there && thing.inode != 0
	case either:
		return there
	}
	return true
}

// unlike returns the processes that a command has left, and the processes that it has ended. It waits for a second, because a
// process needs a moment to end.
func (h *host) unlike(before []string, v *verb, code int) []string {
	kills := v.name == "delete --kill" && !h.restarted && !h.empty
	ended := 0
	if kills && code == 0 {
		ended = 1
	}
	var more, fewer []string
	for range 100 {
		now := processes()
		more, fewer = h.notIn(now, before), h.notIn(before, now)
		if len(more) == 0 && (len(fewer) == ended || kills && h.refused && len(fewer) <= 1) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(more) > 0 {
		return []string{fmt.Sprintf("it left running: %v", more)}
	}
	return []string{fmt.Sprintf("KILLED: want %d processes ended, got %v", ended, fewer)}
}

// notIn returns the processes that are not in another list, without the processes of the loops.
func (h *host) notIn(processes, list []string) []string {
	return slices.DeleteFunc(slices.Clone(processes), func(p string) bool {
		return slices.Contains(list, p) || h.restless && (strings.HasSuffix(p, "(ip)") || strings.HasSuffix(p, "(exe)"))
	})
}
