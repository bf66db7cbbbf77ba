//go:build amd64

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

// A task is a worker's work: a case or, without an aim, a recording of the calls.
type task struct {
	Scenario     string
	Aim          *aim
	RecoverFirst bool // repair by recover instead of by create
	usual        bool // every recording had the call
}

// A report is the result of a task.
type report struct {
	Calls   []call
	Skipped bool // the command lacks the verb
	Reached bool
	Recover bool // the command has the verb recover
	Verdict verdict
	Stderr  string
	Code    int
	Error   string // the reason for a missing verdict
}

// work does tasks in its own world until there are no more.
func work(binary string) error {
	runtime.LockOSThread() // a tracer must stay on one thread
	w, err := newWorld(binary)
	if err == nil {
		err = w.reset()
	}
	if err != nil {
		return err
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var t task
		if in.Decode(&t) != nil { // no more
			return nil
		}
		r, err := w.do(&t)
		if err != nil {
			r.Error = err.Error()
		}
		if r.Error != "" || r.Verdict.Left != "" || t.Aim == nil || findScenario(t.Scenario).fresh {
			if err := w.reset(); err != nil {
				return err
			}
		}
		if err := out.Encode(r); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
}

func (w *world) do(t *task) (*report, error) {
	s := findScenario(t.Scenario)
	r := &report{Recover: w.recover}
	if s.args[0] == "recover" && !w.recover {
		r.Skipped = true
		return r, nil
	}
	if s.prepare != nil {
		if err := s.prepare(w, s); err != nil {
			return r, fmt.Errorf("prepare: %w", err)
		}
	}
	tr := &tracer{aim: t.Aim, record: t.Aim == nil}
	got := w.trace(tr, s.args...)
	r.Stderr, r.Code = got.stderr, got.code
	if t.Aim == nil {
		r.Calls = got.calls
		if got.code != 0 {
			return r, fmt.Errorf("unbroken: %v", got)
		}
		return r, nil
	}
	r.Reached = got.fired
	r.Verdict = w.judge(s, t.Aim, got, t.RecoverFirst)
	return r, nil
}
