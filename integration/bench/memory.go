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

// amount returns the result of a line that compares a number of bytes with its limit.
func amount(is, may float64) *result {
	return &result{unit: "MiB", values: [2]float64{is / mebi, may / mebi}, ratios: []float64{is / may}}
}

// memory makes n namespaces with one command, and measures the peak of the memory of its processes: the sum of their proportional set
// sizes, in which shared memory counts once.
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

// allPSS returns the proportional set size of the world's processes, without its first process and this one.
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
	text, _ := os.ReadFile(path) // the process may have ended
	_, value, _ := bytes.Cut(text, []byte("\nPss:"))
	value, _, _ = bytes.Cut(value, []byte("kB"))
	kibi, _ := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
	return kibi * 1024
}
