//go:build linux && (amd64 || arm64)

package main

import (
	"os"
	"slices"
	"strings"
	"syscall"
)

// A world is a surrounding in which the command runs.
type world struct {
	name, is string
	flags    uintptr // the new namespaces of the first process
	ids      []syscall.SysProcIDMap
	root     string // the commands' root directory, as the first process sees it

	host   func() error // the host prepares the machine, before the bystanders
	enter  func() error // the first process furnishes the world, before the late bystanders
	close  func() error // the first process takes something away, after the subjects are made
	launch func() error // each process does this before it becomes the command

	empty     bool // the world has no subjects
	restarted bool // the mount namespace in which the subjects were made has ended
	restless  bool // ip netns adds and deletes meanwhile
	ipFirst   bool // ip netns sets up the run directory
	refused   bool // delete --kill may end the processes before the kernel refuses the rest

	needs func() string // returns why this machine cannot have the world, or ""

	but []override
}

// An override changes the expected results of some verbs.
type override struct {
	verbs string // their names, with ", " between them
	codes []int  // the exit codes that are right; without any, the row is left out
	says  string // the message must contain this, unless the exit code is 0
	why   string
}

// An expectation is the result that a cell must have.
type expectation struct {
	codes []int
	says  string
}

// expect returns the expectation for a verb in the world. The last override that names the verb counts.
func (w *world) expect(v *verb) expectation {
	for _, o := range slices.Backward(w.but) {
		if slices.Contains(strings.Split(o.verbs, ", "), v.name) {
			return expectation{o.codes, o.says}
		}
	}
	return expectation{v.codes, ""}
}

func worldOf(name string) *world {
	i := slices.IndexFunc(worlds, func(w *world) bool { return w.name == name })
	if i < 0 {
		return &world{name: name, enter: func() error { return os.ErrNotExist }}
	}
	return worlds[i]
}
