//go:build !urfave_cli_no_docs

package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"
)

// The verb is for the Makefile. The build tag, which also removes the library's own man-page code, keeps it and go-md2man out
// of the shipped command.
func init() {
	buildVerbs = append(buildVerbs, verb{noDir: true, Command: &cli.Command{
		Name: "man", Hidden: true, ArgsUsage: "docs/netns.md",
	}, run: func(e *env, _ *cli.Context) error {
		manual, err := os.ReadFile(e.args[0])
		if err != nil {
			return err
		}
		return e.print(man(e.app, string(manual)))
	}})
}

// manDate is fixed, because the date of a build would make each build different.
const manDate = "2026-11-29"

// man returns the manual page: the manual in Markdown, and the sections that only a page has.
func man(app *cli.App, manual string) string {
	var synopsis, examples strings.Builder
	for _, verb := range app.VisibleCommands() {
		usage := "**netns " + verb.Name + "**"
		if len(verb.VisibleFlags()) > 0 {
			usage += " [OPTION...]"
		}
		synopsis.WriteString(strings.TrimSpace(usage+" "+verb.ArgsUsage) + "  \n") // two blanks break the line
		_, text, _ := strings.Cut("\n\n"+verb.Description, "\n\n   ")
		for example := range strings.Lines(text) {
			examples.WriteString("        " + strings.TrimSpace(example) + "\n")
		}
	}
	_, manual, _ = strings.Cut(manual, "\n")
	manual = strings.Replace(definitions(manual), "# EXIT CODES", "# EXIT STATUS", 1)
	return string(md2man.Render(fmt.Appendf(nil, manPage, manDate, app.Usage, &synopsis, manual, &examples)))
}

const manPage = `%% NETNS 8 %q "netns" "System Administration"

# NAME

netns - %s

# SYNOPSIS

%s

# DESCRIPTION

%s

# EXAMPLES

%s

# SEE ALSO

**ip-netns**(8), **ip**(8), **nsenter**(1), **unshare**(1), **lsns**(8), **namespaces**(7), **network_namespaces**(7),
**capabilities**(7)

This page is the manual. /usr/share/doc/netns/docs, or /usr/local/share/doc/netns/docs, has it as netns.md, a comparison with
ip-netns(8) as ip-netns.md, and the schema of the JSON as json-schema.json.
`

var (
	section = regexp.MustCompile(`(?m)^#(# .*)$`)
	table   = regexp.MustCompile(`(?m)^(\|.*)\n\|---.*\n((?:\|.*\n)+)`)
	link    = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
)

// definitions turns the tables of a text into lists of definitions, which fit a terminal, and its links into their texts.
func definitions(text string) string {
	text = section.ReplaceAllStringFunc(text, func(line string) string { return strings.ToUpper(line[1:]) })
	text = link.ReplaceAllString(text, "$1")
	return table.ReplaceAllStringFunc(text, func(whole string) string {
		var list strings.Builder
		parts := table.FindStringSubmatch(whole)
		heading := cells(parts[1])
		for row := range strings.Lines(parts[2]) {
			row := cells(row)
			list.WriteString(row[0] + "\n: " + definition(heading, row) + "\n\n")
		}
		return list.String()
	})
}

func cells(row string) []string {
	return mapped(strings.Split(strings.Trim(row, "|\n"), "|"), strings.TrimSpace)
}

// definition returns a sentence of the cells after the first one. If there are several, each begins with its heading.
func definition(heading, row []string) string {
	var parts []string
	for i, cell := range row[1:] {
		if len(row) > 2 && cell != "" && heading[i+1] != "" {
			cell = heading[i+1] + ": " + cell
		}
		if cell != "" {
			parts = append(parts, cell)
		}
	}
	text := strings.Join(parts, "; ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
