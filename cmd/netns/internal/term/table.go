package term

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

// Table returns rows as columns, each as wide as its widest cell. The first row is the heading. The caller has made every
// cell printable. On a terminal the heading is bold, and so is every cell that is one of marked.
func Table(rows [][]string, marked ...string) string {
	styled := IsTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for n, row := range rows {
		for i, cell := range row {
			style := "\x1b[0m" // as wide, to the tabwriter, as that of bold
			if n == 0 || slices.Contains(marked, cell) {
				style = "\x1b[1m"
			}
			if styled {
				row[i] = style + cell + "\x1b[0m"
			}
		}
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	columns.Flush()
	return text.String()
}

// IsTerminal reports whether a file is a terminal.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
