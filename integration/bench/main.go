// Bench measures netns against ip netns and against the kernel's own cost, on one machine in one run, and prints what
// comes of it. It needs root, and happens in a mount, PID and network namespace of its own.
//
// Only the ratios of two things that were measured in turn mean something elsewhere.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/netns-go/netns/internal/world"
)

func main() { os.Exit(world.Program(run)) }

func run() int {
	binary := flag.String("binary", "bin/netns", "the command to be measured")
	programs := flag.String("programs", "bin/installed", "the directory of the small programs that it is compared with")
	short := flag.Bool("short", false, "run everything, but small: only to see that it runs")
	only := flag.String("only", "", "measure only the lines that match this regular expression")
	write := flag.String("write", "", "write the results into this file as well, between its marks")
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
	return head + "\n" + table(results) + "\n" + resources(results), nil
}
