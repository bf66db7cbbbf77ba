//go:build linux && (amd64 || arm64)

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A host is the machine that a world is on.
type host struct {
	*world
	only   func(*verb) bool
	pid    int // of the world's first process
	tell   *json.Encoder
	hear   *json.Decoder
	others map[string]*bystander
	report report
}

// A bystander is a namespace of the host's, with a process in it.
type bystander struct {
	inode uint64
	pid   int
	made  time.Time
}

// A report is what came out in a world.
type report struct {
	Cells int
	Wrong []string
	Took  time.Duration
	All   []string // every cell, to be printed if that is asked for
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

// makeBystanders makes a namespace by netns and another one by ip netns, with a process in each.
func (h *host) makeBystanders(ours, ips string) error {
	names := []string{ours, ips}
	if h.ipFirst {
		slices.Reverse(names)
	}
	for _, name := range names {
		cmd := exec.Command(netns, "create", "-q", name)
		if name == ips {
			cmd = exec.Command("ip", "netns", "add", name)
		}
		if a := run(cmd, false); a.Code != 0 {
			return fmt.Errorf("make %s: %v", name, a)
		}
		inode, err := namespaceAt(filepath.Join(runDir, name))
		if err != nil {
			return err
		}
		sleeps := sleeper(netns, "exec", "--net-only", name)
		if err := sleeps.Start(); err != nil {
			return err
		}
		go sleeps.Wait()
		b := &bystander{inode, sleeps.Process.Pid, time.Now()}
		for h.lives(b) != "" {
			if time.Since(b.made) > patience {
				return fmt.Errorf("no process comes into %s", name)
			}
			time.Sleep(5 * time.Millisecond)
		}
		h.others[name] = b
	}
	return nil
}

// lives returns what is wrong with a bystander's process, or "".
func (h *host) lives(b *bystander) string {
	inside, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", b.pid))
	if err != nil || inside != fmt.Sprintf("net:[%d]", b.inode) {
		return "its process is gone"
	}
	return ""
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

// cell runs a row in the world if it fits there, and judges what comes out.
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

// waitForAge waits until recover takes the bystanders' bare files for old ones.
func (h *host) waitForAge(dir directory) {
	const age = 10500 * time.Millisecond
	for name, b := range h.others {
		if thing, there := dir[name]; there && thing.inode == 0 {
			time.Sleep(time.Until(b.made.Add(age)))
		}
	}
}

// harmed returns what has happened to the bystanders, once for each. A caller of delete --all asks for the names that the
// world sees mounted.
func (h *host) harmed(v *verb, before directory) (wrong []string) {
	for _, name := range bystanders {
		b := h.others[name]
		if b == nil {
			continue
		}
		why := h.lives(b)
		asked := v.name == "delete --all" && before[name].inode != 0
		if inode, err := namespaceAt(filepath.Join(runDir, name)); why == "" && !asked && (err != nil || inode != b.inode) {
			why = "its name does not show it any more"
		}
		if why != "" {
			wrong = append(wrong, fmt.Sprintf("HARMED: the host's %s: %s", name, why))
			delete(h.others, name)
		}
	}
	return wrong
}

// unlike returns which processes a command has left, and which it has ended. It waits for a second, because a process needs a
// moment to end.
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

// notIn returns the processes that are not in another list, but for those of the loops.
func (h *host) notIn(processes, list []string) []string {
	return slices.DeleteFunc(slices.Clone(processes), func(p string) bool {
		return slices.Contains(list, p) || h.restless && (strings.HasSuffix(p, "(ip)") || strings.HasSuffix(p, "(exe)"))
	})
}

// loopName begins the names that loops makes.
const loopName = "loop"

// loops makes and removes namespaces by ip netns until the host ends.
func loops(nth string) {
	for i := 0; ; i++ {
		name := loopName + nth + "-" + strconv.Itoa(i%3)
		run(exec.Command("ip", "netns", "add", name), false)
		run(exec.Command("ip", "netns", "del", name), false)
	}
}
