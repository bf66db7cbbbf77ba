// Command progress runs its arguments, a go test -json, and prints the result for people: a line for each package, the output of each
// test that fails, and twice a minute the running test. It leaves out the output of passing tests.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"
)

const interval = 30 * time.Second

// An event is a line of go test -json, see go doc test2json.
type event struct{ Action, Package, Test, Output string }

// A test is a test, or a package if it has no name.
type test struct{ pkg, name string }

// A progress holds the output and the beginning of each running test.
type progress struct {
	sync.Mutex
	output  map[test]string
	began   map[test]time.Time
	skipped int
	spoke   time.Time
}

func main() {
	p := &progress{output: map[test]string{}, began: map[test]time.Time{}, spoke: time.Now()}
	go func() {
		for range time.Tick(time.Second) {
			p.tick()
		}
	}()
	if err := p.run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", strings.Join(os.Args[1:3], " "), err)
		os.Exit(1)
	}
	if p.skipped > 0 {
		p.say("%d tests were skipped; go test -v shows why\n", p.skipped)
	}
}

// run runs the command and reads its events. It ignores an interrupt, because the command gets it as well.
func (p *progress) run(args []string) error {
	signal.Ignore(os.Interrupt)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil {
			p.take(e)
		} else {
			p.say("%s", line)
		}
		if err == io.EOF {
			return cmd.Wait()
		} else if err != nil {
			return err
		}
	}
}

func (p *progress) take(e event) {
	p.Lock()
	defer p.Unlock()
	key := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		p.print(e.Output)
	case "run":
		p.began[key] = time.Now()
	case "output":
		p.output[key] += e.Output
	case "skip", "pass", "fail":
		p.end(key, e.Action)
	}
}

// end prints the result of a test or package, and forgets it.
func (p *progress) end(key test, how string) {
	text := p.output[key]
	switch {
	case how == "fail" && key.name == "":
		for _, other := range p.unfinished(key.pkg) { // the test binary died in them
			p.print(p.output[other])
			delete(p.output, other)
			delete(p.began, other)
		}
		p.print(text)
	case how == "fail":
		p.print(text)
	case how == "pass" && key.name == "":
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "ok ") {
				p.print(line)
			}
		}
	case how == "skip" && key.name != "":
		p.skipped++
	}
	delete(p.output, key)
	delete(p.began, key)
}

// unfinished returns the running tests of a package, in order.
func (p *progress) unfinished(pkg string) (tests []test) {
	for key := range p.began {
		if key.pkg == pkg {
			tests = append(tests, key)
		}
	}
	slices.SortFunc(tests, func(a, b test) int { return strings.Compare(a.name, b.name) })
	return tests
}

// tick prints what is running, if nothing was printed for a while.
func (p *progress) tick() {
	p.Lock()
	defer p.Unlock()
	if time.Since(p.spoke) < interval {
		return
	}
	line := "building"
	if len(p.began) > 0 {
		keys := slices.SortedFunc(maps.Keys(p.began), func(a, b test) int { return p.began[a].Compare(p.began[b]) })
		key := keys[len(keys)-1]
		line = fmt.Sprintf("in %s, %s for %v", key.pkg, key.name, time.Since(p.began[key]).Round(time.Second))
	}
	p.print("    " + time.Now().Format("15:04:05") + " " + line + "\n")
}

func (p *progress) say(format string, args ...any) {
	p.Lock()
	defer p.Unlock()
	p.print(fmt.Sprintf(format, args...))
}

func (p *progress) print(text string) {
	if text != "" {
		fmt.Print(text)
		p.spoke = time.Now()
	}
}
