package main

import (
	"fmt"
	"strconv"
)

// parsePID returns the number of a process.
func parsePID(text string) (int, error) {
	pid, err := strconv.Atoi(text)
	if err != nil || pid <= 0 {
		return 0, usageError{fmt.Sprintf("%q is not the number of a process", text)}
	}
	return pid, nil
}
