package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

// namesNew are the verbs whose names are not there yet.
var namesNew = map[string]bool{"create": true, "add": true, "attach": true}

// values returns what can stand for an argument of a kind.
func (t *typed) values(app *cli.App, kind string) []candidate {
	switch kind {
	case "NAME":
		if t.verb != nil && namesNew[t.verb.Name] {
			return nil
		}
		return t.names()
	case "PID":
		return processes()
	case "command": // of the library's help
		return verbsOf(app)
	}
	return words(strings.Split(kind, "|"))
}

// valuesOf returns what can stand behind an option, each with a prefix. The option's usage says what its value is, as
// `NAME`, and which there are, as `FORMAT`: name or json.
func (t *typed) valuesOf(app *cli.App, flag cli.Flag, prefix string) answer {
	if f, ok := flag.(*cli.StringFlag); ok && f.TakesFile {
		return answer{special: specialDirectories}
	}
	documented, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return answer{}
	}
	kind, rest := placeholder(documented)
	values := t.values(app, kind)
	if list, ok := strings.CutPrefix(rest, ": "); ok {
		values = words(strings.Split(strings.ReplaceAll(list, " or ", ", "), ", "))
	}
	for i := range values {
		values[i].text = prefix + values[i].text
	}
	return answer{words: values}
}

// placeholder returns what an option's usage calls its value, in backquotes, and what follows.
func placeholder(flag cli.DocGenerationFlag) (kind, rest string) {
	_, rest, _ = strings.Cut(flag.GetUsage(), "`")
	kind, rest, _ = strings.Cut(rest, "`")
	return kind, rest
}

// words returns the literal ones of some words. What is not all lower case stands for something.
func words(all []string) []candidate {
	var literal []candidate
	for _, word := range all {
		if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLower(r) && r != '-' }) {
			literal = append(literal, candidate{text: word})
		}
	}
	return literal
}

// verbsOf returns the verbs, with those that are commands netns-NAME in PATH.
func verbsOf(app *cli.App) []candidate {
	var verbs []candidate
	for _, verb := range app.VisibleCommands() {
		verbs = append(verbs, candidate{verb.Name, verb.Usage})
	}
	for _, name := range externals(app) {
		if printable(name) == name {
			verbs = append(verbs, candidate{name, externalPrefix + name})
		}
	}
	return verbs
}

// optionsOf returns the long options that can stand behind a verb, or before it if it is nil. One that is on by itself is
// there to be switched off.
func optionsOf(app *cli.App, verb *cli.Command) []candidate {
	flags := app.VisibleFlags()
	if verb != nil {
		flags = slices.Concat(verb.VisibleFlags(), flags)
	}
	var options []candidate
	for _, flag := range flags {
		documented, ok := flag.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		option := candidate{"--" + flag.Names()[0], strings.ReplaceAll(documented.GetUsage(), "`", "")}
		if on, ok := flag.(*cli.BoolFlag); ok && on.Value {
			option.text += "=false"
			option.about = "off: " + option.about
		}
		options = append(options, option)
	}
	return options
}

// names returns the names in the run directory that can be typed, but for those that were.
func (t *typed) names() []candidate {
	names, _ := netns.Names(cmp.Or(t.dir, netns.DefaultDir))
	var candidates []candidate
	for _, name := range names {
		option := strings.HasPrefix(name, "-") && !t.plain
		if printable(name) == name && !option && !slices.Contains(t.args, name) {
			candidates = append(candidates, candidate{text: name})
		}
	}
	return candidates
}

// processes returns the living processes, but for the kernel's own, which have no command line.
func processes() []candidate {
	entries, _ := os.ReadDir("/proc")
	var candidates []candidate
	for _, e := range entries {
		if pid := e.Name(); strings.Trim(pid, "0123456789") == "" {
			line, _ := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
			if about := strings.TrimRight(strings.ReplaceAll(string(line), "\x00", " "), " "); about != "" {
				candidates = append(candidates, candidate{pid, escaped(shortened(about, 60))})
			}
		}
	}
	return candidates
}

// shortened returns the first runes of a text.
func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
