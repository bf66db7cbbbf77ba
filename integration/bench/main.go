// Bench measures netns against ip netns and against the kernel's own cost, on one machine in one run, and prints the results.
// It needs root, and runs in its own mount, PID and network namespaces.
//
// On another machine, only the ratios of two things that were measured in turn mean something.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/netns-go/netns/internal/world"
)

func main() { os.Exit(world.Program(run)) }

func run() int {
	binary := flag.String("binary", "bin/netns", "the command to measure")
	programs := flag.String("programs", "bin/installed", "the directory of the small programs to compare with")
	short := flag.Bool("short", false, "run every line, but small, only to show that it runs")
	only := flag.String("only", "", "measure only the lines that match this regular expression")
	write := flag.String("write", "", "also write the results into this file, between its marks")
	flag.Parse()
	text, err := measureAll(*binary, *programs, *only, *short)
	if err == nil {
		fmt.Print(text)
		if *write != "" {
			err = writeInto(*write, text)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

func measureAll(binary, programs, only string, short bool) (string, error) {
	b, err := newBench(binary, programs, short)
	if err != nil {
		return "", err
	}
	head, err := machine()
	if err != nil {
		return "", err
	}
	results, err := b.measure(only)
	if err != nil {
		return "", err
	}
	if short {
		head += "\nSmall and short, so the ratios say nothing.\n"
	}
	return head + "\n" + report(results), nil
}
