package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/line"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

// namesNew are the verbs whose names do not exist yet.
var namesNew = map[string]bool{"create": true, "add": true, "attach": true}

// values returns the candidates for an argument of a kind.
func (t *typed) values(app *cli.App, kind string) []candidate {
	switch kind {
	case "NAME":
		if t.Verb != nil && namesNew[t.Verb.Name] {
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

// valuesOf returns the candidates for the value of an option, each with a prefix. The option's usage has the kind of the value,
// as `NAME`, and after a colon all values, as `FORMAT`: name or json.
func (t *typed) valuesOf(app *cli.App, flag cli.Flag, prefix string) answer {
	if f, ok := flag.(*cli.StringFlag); ok && f.TakesFile {
		return answer{directories: true}
	}
	documented, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return answer{}
	}
	_, rest, _ := strings.Cut(documented.GetUsage(), "`")
	kind, rest, _ := strings.Cut(rest, "`")
	values := t.values(app, kind)
	if list, ok := strings.CutPrefix(rest, ": "); ok {
		values = words(strings.Split(strings.ReplaceAll(list, " or ", ", "), ", "))
	}
	for i := range values {
		values[i].text = prefix + values[i].text
	}
	return answer{words: values}
}

// words returns the literal ones of some words: those in lower case. Other words stand for a value.
func words(all []string) []candidate {
	var literal []candidate
	for _, word := range all {
		if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLower(r) && r != '-' }) {
			literal = append(literal, candidate{text: word})
		}
	}
	return literal
}

// verbsOf returns the verbs, and the external ones.
func verbsOf(app *cli.App) []candidate {
	var verbs []candidate
	for _, verb := range app.VisibleCommands() {
		verbs = append(verbs, candidate{verb.Name, verb.Usage})
	}
	for _, name := range line.Externals(app) {
		if term.Printable(name) == name {
			verbs = append(verbs, candidate{name, line.ExternalPrefix + name})
		}
	}
	return verbs
}

// optionsOf returns the long options of a verb and of the app; the verb may be nil. An option that is on by default is offered
// as =false.
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

// names returns the names in the run directory that can be typed, except those that the line already has.
func (t *typed) names() []candidate {
	dir, err := netns.OpenDir(t.dir)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Names()
	var candidates []candidate
	for _, name := range names {
		option := strings.HasPrefix(name, "-") && !t.Plain
		if term.Printable(name) == name && !option && !slices.Contains(t.args, name) {
			candidates = append(candidates, candidate{text: name})
		}
	}
	return candidates
}

// processes returns the living processes, except those of the kernel, which have no command line.
func processes() []candidate {
	entries, _ := os.ReadDir("/proc")
	var candidates []candidate
	for _, e := range entries {
		if pid := e.Name(); strings.Trim(pid, "0123456789") == "" {
			line, _ := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
			if about := strings.TrimRight(strings.ReplaceAll(string(line), "\x00", " "), " "); about != "" {
				candidates = append(candidates, candidate{pid, term.Escaped(fmt.Sprintf("%.60s", about))})
			}
		}
	}
	return candidates
}
