//go:build amd64

package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// attempts is how often the matrix aims at a call that a run did not reach, before it fails if every recording had the call.
const attempts = 25

// A matrix is all cases and their results.
type matrix struct {
	pool    *pool
	only    *regexp.Regexp
	verbose bool
	out     io.Writer

	rows     []*row
	failures []string
}

// A row counts the cases of a scenario.
type row struct {
	name                                                   string
	calls, cases, clean, repaired, left, wrong, notReached int
	skipped                                                bool
}

func (t *task) String() string {
	if t.Aim == nil {
		return t.Scenario + ": recording"
	}
	what := t.Aim.Kind
	switch t.Aim.Kind {
	case faultErrno:
		what = unix.ErrnoName(syscall.Errno(t.Aim.Number))
	case faultSignal:
		what = unix.SignalName(syscall.Signal(t.Aim.Number))
	}
	text := fmt.Sprintf("%s: %s: %s, %d: %s", t.Scenario, t.Aim.Role, t.Aim.Text, t.Aim.Nth, what)
	if t.RecoverFirst {
		text += ", then recover"
	}
	return text
}

// run runs the cases of a scenario.
func (m *matrix) run(s *scenario) {
	r := &row{name: s.name}
	m.rows = append(m.rows, r)
	var recorded [][]call
	m.pool.do(slices.Repeat([]*task{{Scenario: s.name}}, recordings), func(t *task, rep *report) {
		switch {
		case rep.Error != "":
			m.fail(t, "error", rep.Error)
			r.notReached++
		case rep.Skipped:
			r.skipped = true
		default:
			recorded = append(recorded, rep.Calls)
		}
	})
	cases := casesOf(s, recorded, m.only)
	calls := map[call]bool{}
	for _, c := range cases {
		calls[c.Aim.call] = true
	}
	r.calls = len(calls)
	for try := 1; len(cases) > 0; try++ {
		cases = m.attempt(r, cases, try >= attempts)
	}
}

// attempt runs cases, and returns those to run again: because their call was not reached, or because they left something, which
// recover must repair as well.
func (m *matrix) attempt(r *row, cases []*task, last bool) (again []*task) {
	m.pool.do(cases, func(t *task, rep *report) {
		if m.verbose {
			fmt.Fprintf(m.out, "%s: code %d, %+v\n", t, rep.Code, rep.Verdict)
		}
		if rep.Error == "" && !rep.Reached && rep.Verdict.Left == "" && !last {
			again = append(again, t)
			return
		}
		r.count(rep)
		v := rep.Verdict
		switch {
		case rep.Error != "":
			m.fail(t, "error", rep.Error)
		case v.Left != "":
			m.fail(t, "left", v.Left)
		case !rep.Reached && t.usual:
			m.fail(t, "not reached", "in any run")
		case !rep.Reached:
			fmt.Fprintf(m.out, "not reached: %s: only some recordings had it\n", t)
		case !v.Clean && rep.Recover && !t.RecoverFirst:
			again = append(again, &task{Scenario: t.Scenario, Aim: t.Aim, RecoverFirst: true, usual: t.usual})
		}
		if v.Wrong != "" {
			m.fail(t, "wrong", v.Wrong)
		}
	})
	return again
}

func (r *row) count(rep *report) {
	r.cases++
	switch {
	case rep.Error != "" || !rep.Reached && rep.Verdict.Left == "":
		r.notReached++
	case rep.Verdict.Left != "":
		r.left++
	case rep.Verdict.Clean:
		r.clean++
	default:
		r.repaired++
	}
	if rep.Verdict.Wrong != "" {
		r.wrong++
	}
}

func (m *matrix) fail(t *task, how, why string) {
	text := fmt.Sprintf("%s: %s: %s", strings.ToUpper(how), t, why)
	m.failures = append(m.failures, text)
	fmt.Fprintln(m.out, text)
}

// print prints the table, and reports whether all is well.
func (m *matrix) print() bool {
	const format = "%-14s %6v %6v %14v %9v %5v %13v %12v\n"
	fmt.Fprintf(m.out, format, "", "calls", "cases", "clean at once", "repaired", "left", "wrong answer", "not reached")
	total := row{name: "total"}
	for _, r := range m.rows {
		if r.skipped {
			fmt.Fprintf(m.out, "%-14s the command has no such verb\n", r.name)
			continue
		}
		fmt.Fprintf(m.out, format, r.name, r.calls, r.cases, r.clean, r.repaired, r.left, r.wrong, r.notReached)
		total.calls += r.calls
		total.cases += r.cases
		total.clean += r.clean
		total.repaired += r.repaired
		total.left += r.left
		total.wrong += r.wrong
		total.notReached += r.notReached
	}
	fmt.Fprintf(m.out, format, total.name, total.calls, total.cases, total.clean, total.repaired, total.left, total.wrong,
		total.notReached)
	return len(m.failures) == 0 && total.cases > 0
}
