//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// A bystander is a namespace of the host's, with a process in it.
type bystander struct {
	inode uint64
	pid   int
	made  time.Time
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
				return fmt.Errorf("no process in %s", name)
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

// waitForAge waits until the bystanders' bare files are old enough for recover.
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
