package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

const mebi = 1 << 20

// amount is the result of a line that compares a number of bytes with what it may be.
func amount(is, may float64) *result {
	return &result{unit: "MiB", values: [2]float64{is / mebi, may / mebi}, ratios: []float64{is / may}}
}

// memory makes n namespaces with one command, and looks at how much memory its processes have, together, at most: the sum
// of their proportional set sizes, in which what they share counts once.
func (b *bench) memory(n int) (*result, error) {
	p := b.start(b.netns, append([]string{"netns", "create"}, b.names(n)...))
	ended := make(chan error)
	go func() { ended <- p.wait() }()
	peak := 0.0
	for {
		select {
		case err := <-ended:
			return amount(peak, 60*mebi), err
		case <-time.After(2 * time.Millisecond):
			peak = max(peak, allPSS())
		}
	}
}

// allPSS returns that of the world's processes but its first two, the second of which is this.
func allPSS() (bytes float64) {
	rollups, _ := filepath.Glob("/proc/[0-9]*/smaps_rollup")
	for _, path := range rollups {
		pid := filepath.Base(filepath.Dir(path))
		if !slices.Contains([]string{"1", strconv.Itoa(os.Getpid())}, pid) {
			bytes += pss(path)
		}
	}
	return bytes
}

func pss(path string) float64 {
	text, _ := os.ReadFile(path) // it may have ended
	_, value, _ := bytes.Cut(text, []byte("\nPss:"))
	value, _, _ = bytes.Cut(value, []byte("kB"))
	kibi, _ := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
	return kibi * 1024
}
