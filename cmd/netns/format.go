package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// jsonVersion is the version of what -o json prints, and part of each object. A key that goes or changes its meaning makes
// a new one; docs/json-schema.json describes it.
const jsonVersion = 1

// outputFlag is for a verb that reads and prints in several formats.
func outputFlag(formats ...string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FORMAT`: " + oneOf(formats)}
}

// formatOf returns the format that was asked for, one of those that the verb has, or "" for the verb's own. ip's -j asks
// for json as well.
func formatOf(c *cli.Context, formats ...string) (string, error) {
	format := c.String("output")
	switch {
	case format == "" && c.Bool("json"):
		return "json", nil
	case format != "" && !slices.Contains(formats, format):
		return "", usageError{fmt.Sprintf("%s: unknown format %q; there is %s", c.Command.Name, format, oneOf(formats))}
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

// jsonText returns a value as JSON, and a newline. With ip's -p it is indented.
func jsonText(c *cli.Context, value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if c.Bool("pretty") {
		encoder.SetIndent("", "    ")
	}
	err := encoder.Encode(value)
	return text.String(), err
}
