package main

import (
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// table returns rows as columns that are as wide as their widest cell. The first row is the heading. What is not printable
// must be quoted already. On a terminal the heading is bold, and so is every cell that is one of marked.
func table(rows [][]string, marked ...string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	colours := isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	var text strings.Builder
	for n, row := range rows {
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
			if i == len(row)-1 {
				padding = "\n"
			}
			if colours && (n == 0 || slices.Contains(marked, cell)) {
				cell = "\x1b[1m" + cell + "\x1b[0m"
			}
			text.WriteString(cell + padding)
		}
	}
	return text.String()
}

// isTerminal says whether a file is one.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
