//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"os"
	"strings"
)

// tables returns the two tables of docs/worlds.md: the plain world, and the differences of the others.
func tables() string {
	var text strings.Builder
	text.WriteString("\n| verb | command line | exit code |\n|---|---|---|\n")
	for _, v := range verbs {
		fmt.Fprintf(&text, "| %s | `netns %s` | %s |\n", v.name, v.args, outcome(v.codes))
	}
	text.WriteString("\n| world | what it is | unlike in a plain one |\n|---|---|---|\n")
	for _, w := range worlds {
		var lines []string
		for _, o := range w.but {
			lines = append(lines, o.String())
		}
		fmt.Fprintf(&text, "| %s | %s | %s |\n", w.name, w.is, strings.Join(lines, "<br>"))
	}
	return text.String() + "\n"
}

func (o override) String() string {
	what := outcome(o.codes)
	if o.says != "" {
		what += ", naming " + o.says
	}
	verbs := strings.Replace(o.verbs, everyVerb, "all that look into the run directory", 1)
	return fmt.Sprintf("%s: %s (%s)", verbs, what, o.why)
}

func outcome(codes []int) string {
	if len(codes) == 0 {
		return "left out"
	}
	return "**" + orList(codes) + "**"
}

// Between these marks, a file shows the tables.
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
