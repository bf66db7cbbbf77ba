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
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	binary := flag.String("binary", "bin/netns", "the command")
	jobs := flag.Int("jobs", 2*runtime.NumCPU(), "how many worlds there are at once; they wait much of the time")
	only := flag.String("only", "", "only the worlds whose names match this regular expression")
	row := flag.String("verb", "", "only the verbs whose names match this regular expression")
	doc := flag.String("doc", "", "fail if this file is not what -write would make of it")
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
		err = runAll(*binary, *jobs, *only, *row, *doc, *verbose)
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

// errWrong says that the table is not as it must be; what is wrong was printed.
var errWrong = errors.New("what came out is not what the table says")

// runAll runs the worlds and prints what came out.
func runAll(binary string, jobs int, only, row, doc string, verbose bool) error {
	if os.Geteuid() != 0 {
		return errors.New("this takes root")
	}
	re, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	start := time.Now()
	var chosen []*world
	for _, w := range worlds {
		if !re.MatchString(w.name) {
			continue
		}
		if why := w.lacks(); why != "" {
			fmt.Printf("%-44s skipped: %s\n", w.name, why)
			continue
		}
		chosen = append(chosen, w)
	}
	cells, wrong := 0, 0
	for w, r := range reports(chosen, jobs, binary, row) {
		for _, text := range r.Wrong {
			fmt.Println("WRONG:", text)
		}
		if verbose {
			fmt.Println(strings.Join(r.All, "\n"))
		}
		fmt.Printf("%-44s %3d cells, %3d wrong, %v\n", w.name, r.Cells, len(r.Wrong), r.Took.Round(100*time.Millisecond))
		cells += r.Cells
		wrong += len(r.Wrong)
	}
	fmt.Printf("%d worlds, %d cells, %d wrong, in %v, %d at once\n", len(chosen), cells, wrong,
		time.Since(start).Round(time.Second), jobs)
	if doc != "" {
		if err := sameAs(doc, tables()); err != nil {
			return err
		}
	}
	if wrong > 0 || cells == 0 {
		return errWrong
	}
	return nil
}

// reports runs worlds, some at once, and yields what came out in the worlds' order.
func reports(chosen []*world, jobs int, binary, row string) func(yield func(*world, report) bool) {
	places := make(chan struct{}, jobs)
	results := make([]report, len(chosen))
	done := make([]chan struct{}, len(chosen))
	for i := range chosen {
		done[i] = make(chan struct{})
	}
	var order sync.Mutex // the worlds begin in their order
	return func(yield func(*world, report) bool) {
		go func() {
			order.Lock()
			defer order.Unlock()
			for i, w := range chosen {
				places <- struct{}{}
				go func() {
					results[i] = ask(w, binary, row)
					close(done[i])
					<-places
				}()
			}
		}()
		for i, w := range chosen {
			<-done[i]
			if !yield(w, results[i]) {
				return
			}
		}
	}
}

// ask runs a world on a host of its own. What the world leaves ends with the host.
func ask(w *world, binary, row string) (r report) {
	runtime.LockOSThread() // the host ends with the thread that started it, should this process be killed
	cmd := exec.Command("/proc/self/exe", "-host", w.name, "-binary", binary, "-verb", row)
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
