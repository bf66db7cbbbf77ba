package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// output writes a result. That it could not be written is an error of its own: the work is done all the same.
func output(c *cli.Context, text, failure string) error {
	if _, err := io.WriteString(c.App.Writer, text); err != nil {
		return codedError{fmt.Errorf("%s: %w", failure, err), codeRemains}
	}
	return nil
}

// escaped returns a text as it can be shown, with what is not printable as an escape of Go's.
func escaped(text string) string {
	if quoted := strconv.Quote(text); printable(text) == quoted {
		return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	}
	return text
}

// printable returns a name as it can be shown, quoted if it could do something to a terminal or break a line.
func printable(name string) string {
	if name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}
