//go:build race

package integration

// raceEnabled says whether the race detector watches, which makes everything slower.
const raceEnabled = true
