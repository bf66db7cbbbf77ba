package term

import (
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	// fewSteps is the number of steps below which there is no bar.
	fewSteps = 20
	// barDelay is how long the work runs before the bar appears, and barPause how long each picture of it stays.
	barDelay = 300 * time.Millisecond
	barPause = 100 * time.Millisecond
	barWidth = 40 // characters
)

// A Bar shows the progress of long work on standard error. A nil *Bar shows nothing.
type Bar struct {
	done, total int
	next        time.Time // of the next picture
	shown       bool
}

// NewBar returns a bar for work of total steps. It returns nil if there are few, or if standard error is not a terminal.
func NewBar(total int) *Bar {
	if total < fewSteps || !IsTerminal(os.Stderr) {
		return nil
	}
	return &Bar{total: total, next: time.Now().Add(barDelay)}
}

// Step counts one more step as done.
func (b *Bar) Step() {
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

// Clear removes the bar. Call it before anything else is written to standard error.
func (b *Bar) Clear() {
	if b != nil && b.shown {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
		b.shown = false
	}
}
