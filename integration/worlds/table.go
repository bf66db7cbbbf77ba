//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"os"
	"strings"
)

// tables returns what docs/worlds.md shows: what comes out in a plain world, and the worlds.
func tables() string { return "" }

// Between these, a file shows the tables.
const begin, end = "<!-- make worlds checks from here -->\n", "<!-- to here -->\n"

func writeInto(file, text string) error {
	before, _, after, err := parts(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644)
}

func sameAs(file, text string) error {
	_, there, _, err := parts(file)
	if err != nil || there == text {
		return err
	}
	return fmt.Errorf("%s does not show this table; write it with -write %[1]s", file)
}

func parts(file string) (before, between, after string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", "", err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	between, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", "", "", fmt.Errorf("%s: the marks %q and %q are missing", file, begin, end)
	}
	return before, between, after, nil
}
