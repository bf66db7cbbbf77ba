// Package starts records each start of a program that imports it. It is initialised before package stages, and so in the child,
// too. It ends a program that starts itself again and again.
package starts

import (
	"fmt"
	"os"
	"strings"
)

// file is in the working directory. It has a line for each start: the program's first argument, the number of arguments, and the
// kinds of standard input and of descriptor 3.
const file = "starts"

// most is far more starts than any of the programs needs.
const most = 20

func init() {
	stdin, _ := os.Readlink("/proc/self/fd/0")
	three, _ := os.Readlink("/proc/self/fd/3")
	three, _, _ = strings.Cut(three, ":")
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, os.Args[0], len(os.Args), stdin, three); err != nil {
		panic(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") > most {
		fmt.Fprintln(os.Stderr, "started without end")
		os.Exit(99)
	}
}
