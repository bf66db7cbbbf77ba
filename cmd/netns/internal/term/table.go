package term

import (
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Table returns rows as columns, each as wide as its widest cell. The first row is the heading. The caller has made every
// cell printable. On a terminal the heading is bold, and so is every cell that is one of marked.
func Table(rows [][]string, marked ...string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	colours := IsTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
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

// IsTerminal reports whether a file is a terminal.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
