//go:build race

package library

// raceEnabled reports whether the race detector is on, which makes everything slower.
const raceEnabled = true
