package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

// jsonVersion is the version of the format of -o json, and part of each object. A key that goes or changes its meaning makes a
// new version. docs/json-schema.json describes the format.
const jsonVersion = 1

// outputFlag is for a verb with several formats of its output.
func outputFlag(formats []string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "print this `FORMAT`: " + oneOf(formats)}
}

// formatOf returns the format of -o, one of the verb's formats. Without -o, it is json with -j, or else "".
func formatOf(e *env, format string, formats []string) (string, error) {
	switch {
	case format == "" && e.json:
		return "json", nil
	case format != "" && !slices.Contains(formats, format):
		return "", usagef("%s: unknown format %q; there is %s", e.verb, format, oneOf(formats))
	}
	return format, nil
}

func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// print writes a result to standard output.
func (e *env) print(text string) error {
	if _, err := io.WriteString(e.out, text); err != nil {
		return codedError{fmt.Errorf("standard output could not be written: %w", err), codeRemains}
	}
	return nil
}

// printJSON writes a value as JSON, and a newline. With -p it is indented.
func (e *env) printJSON(value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if e.pretty {
		encoder.SetIndent("", "    ")
	}
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return e.print(text.String())
}

// mapped returns a row for each item. The list is never nil, which in JSON would be null and not [].
func mapped[T, R any](items []T, row func(T) R) []R {
	list := make([]R, 0, len(items))
	for _, item := range items {
		list = append(list, row(item))
	}
	return list
}

// lines returns a line for each item.
func lines[T any](items []T, line func(T) string) string {
	var all strings.Builder
	for _, item := range items {
		all.WriteString(line(item) + "\n")
	}
	return all.String()
}

// pathOf returns the path of a name.
func (e *env) pathOf(name string) string { return filepath.Join(e.path, name) }

// realPath returns the run directory's path without links, as the kernel shows it for mounts.
func (e *env) realPath() string {
	path, _ := filepath.EvalSymlinks(e.dir.Path())
	return cmp.Or(path, e.dir.Path())
}

// newBar returns a bar for work of this many steps, or nil if the options exclude one.
func (e *env) newBar(steps int) *term.Bar {
	if e.quiet || e.verbose {
		return nil
	}
	return term.NewBar(steps)
}
