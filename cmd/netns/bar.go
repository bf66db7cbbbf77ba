package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

const (
	// fewNames are so many that no bar is worth it.
	fewNames = 20
	// barDelay is how long work may take before there is a bar, and barPause the time from one look of it to the next.
	barDelay = 300 * time.Millisecond
	barPause = 100 * time.Millisecond
	barWidth = 40 // characters
)

// A bar shows on standard error how far work on many names is, if that is a terminal. A nil one shows nothing.
type bar struct {
	done, total int
	next        time.Time // when it is due
	shown       bool
}

// newBar returns a bar for work on so many names, or nil where there should be none.
func newBar(c *cli.Context, total int) *bar {
	if total < fewNames || c.Bool("quiet") || c.Bool("verbose") || !isTerminal(os.Stderr) {
		return nil
	}
	return &bar{total: total, next: time.Now().Add(barDelay)}
}

// step says that one more name is done.
func (b *bar) step() {
	if b == nil {
		return
	}
	b.done++
	if now := time.Now(); now.After(b.next) {
		b.next, b.shown = now.Add(barPause), true
		full := barWidth * b.done / b.total
		fmt.Fprintf(os.Stderr, "\r[%s%s] %d/%d", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full), b.done, b.total)
	}
}

// clear takes the bar away. It must be called before anything else is written.
func (b *bar) clear() {
	if b != nil && b.shown {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
		b.shown = false
	}
}
