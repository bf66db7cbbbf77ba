//go:build linux && (amd64 || arm64)

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	binary := flag.String("binary", "bin/netns", "the command")
	jobs := flag.Int("jobs", 2*runtime.NumCPU(), "the number of worlds at once; they wait most of the time")
	only := flag.String("only", "", "only the worlds whose names match this regular expression")
	row := flag.String("verb", "", "only the verbs whose names match this regular expression")
	doc := flag.String("doc", "", "fail if -write would change this file")
	write := flag.String("write", "", "write the table into this file, between its marks, and run nothing")
	verbose := flag.Bool("v", false, "print each cell")
	asHost := flag.String("host", "", "for itself: be the host of this world")
	asInside := flag.String("inside", "", "for itself: be the first process of this world")
	asLaunch := flag.String("launch", "", "for itself: become the command in this world")
	flag.Parse()
	var err error
	switch {
	case *asHost != "":
		h := &host{world: worldOf(*asHost)}
		if h.only, err = matching(*row); err == nil {
			err = h.serve(*binary, os.Stdout)
		}
	case *asInside != "":
		err = worldOf(*asInside).serve(os.Stdin, os.Stdout)
	case *asLaunch != "":
		err = worldOf(*asLaunch).become(flag.Args())
	case *write != "":
		err = writeInto(*write, tables())
	default:
		err = runAll(job{*binary, *row, *jobs, *verbose}, *only, *doc)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "worlds:", err)
		os.Exit(1)
	}
}

func matching(pattern string) (func(*verb) bool, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return func(v *verb) bool { return re.MatchString(v.name) }, nil
}

// errWrong means that a result differs from the table; it was printed.
var errWrong = errors.New("a result differs from the table")

// A job names the command and the rows to run, and how.
type job struct {
	binary, row string // the command, and the verbs
	jobs        int    // worlds at once
	verbose     bool
}

// runAll runs the worlds whose names match, prints the results, and compares the table with the file that shows it.
func runAll(j job, only, doc string) error {
	if os.Geteuid() != 0 {
		return errors.New("needs root")
	}
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	if j.binary, err = filepath.Abs(j.binary); err != nil {
		return err
	}
	if _, err := os.Stat(j.binary); err != nil {
		return err
	}
	start := time.Now()
	cells, wrong := 0, 0
	for i, result := range j.start(chosen) {
		r := <-result
		r.print(chosen[i].name, j.verbose)
		cells += r.Cells
		wrong += len(r.Wrong)
	}
	fmt.Printf("%d worlds, %d cells, %d wrong, in %v, %d at once\n", len(chosen), cells, wrong,
		time.Since(start).Round(time.Second), j.jobs)
	if wrong > 0 || cells == 0 {
		return errWrong
	}
	if doc != "" {
		return sameAs(doc, tables())
	}
	return nil
}

// choose returns the worlds whose names match. It leaves out, and prints, the worlds that this machine cannot have.
func choose(only string) (chosen []*world, err error) {
	re, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	for _, w := range worlds {
		if !re.MatchString(w.name) {
			continue
		}
		if why := w.lacks(); why != "" {
			fmt.Printf("%-32s skipped: %s\n", w.name, why)
			continue
		}
		chosen = append(chosen, w)
	}
	return chosen, nil
}

// start starts the worlds in their order, several at once, and returns the channels of their reports.
func (j job) start(chosen []*world) []chan report {
	results, places := make([]chan report, len(chosen)), make(chan struct{}, j.jobs)
	for i := range chosen {
		results[i] = make(chan report, 1)
	}
	go func() {
		for i, w := range chosen {
			places <- struct{}{}
			go func() {
				results[i] <- j.ask(w)
				<-places
			}()
		}
	}()
	return results
}

func (r report) print(name string, verbose bool) {
	if verbose {
		fmt.Println(strings.Join(r.All, "\n"))
	}
	for _, text := range r.Wrong {
		fmt.Println("WRONG:", text)
	}
	fmt.Printf("%-32s %3d cells, %2d wrong, %5.1fs\n", name, r.Cells, len(r.Wrong), r.Took.Seconds())
}

// ask runs a world on its own host. All processes of the world end with the host.
func (j job) ask(w *world) (r report) {
	runtime.LockOSThread() // if this process is killed, the host ends with the thread that started it
	cmd := exec.Command("/proc/self/exe", "-host", w.name, "-binary", j.binary, "-verb", j.row)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL,
	}
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%s: its host: %v", w.name, err))
	}
	return r
}
