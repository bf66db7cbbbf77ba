//go:build amd64

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"
)

func main() {
	binary := flag.String("binary", "bin/netns", "the command to be broken")
	jobs := flag.Int("jobs", 2*runtime.NumCPU(), "how many cases are run at once")
	only := flag.String("only", "", "run only the cases that match this regular expression")
	verbose := flag.Bool("v", false, "print each case")
	worker := flag.Bool("worker", false, "for itself: be a worker")
	flag.Parse()
	if *worker {
		if err := work(*binary); err != nil {
			fmt.Fprintln(os.Stderr, "faults:", err)
			os.Exit(1)
		}
		return
	}
	ok, err := runMatrix(*binary, *jobs, *only, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// runMatrix runs all cases and prints the table. It reports whether nothing was left and every answer was right.
func runMatrix(binary string, jobs int, only string, verbose bool) (bool, error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return false, err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return false, err
	}
	if _, err := os.Stat(binary); err != nil {
		return false, err
	}
	start := time.Now()
	m := &matrix{pool: newPool(jobs, binary), only: pattern, verbose: verbose, out: os.Stdout}
	for _, s := range scenarios {
		m.run(s)
	}
	m.pool.close()
	ok := m.print()
	fmt.Printf("in %v, %d at once\n", time.Since(start).Round(time.Second), jobs)
	return ok, nil
}
