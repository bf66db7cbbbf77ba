package shell

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns/cmd/netns/internal/line"
	"github.com/urfave/cli/v2"
)

// An answer is the candidates for a word, unless only the shell can complete it: a directory or a word of another command.
type answer struct {
	words       []candidate
	directories bool
	command     int // the index of the command's first word, or 0
}

type candidate struct{ text, about string }

// typed is a command line without its last word, which the shell completes.
type typed struct {
	*line.Line
	args    []string // of the verb
	all     bool     // --all is given, so the verb takes no names
	dir     string
	command int // the index of the first word of another command, or 0
}

// parseTyped reads words, and reports whether they can be understood.
func parseTyped(app *cli.App, words []string) (typed, bool) {
	l, err := line.Read(app, words)
	t := typed{Line: l, args: l.Names, dir: os.Getenv("NETNS_RUN_DIR")}
	if err != nil && l.Open == nil || l.Verb == nil && l.Word != "" {
		return t, false
	}
	for _, option := range l.Options {
		name, value, _ := strings.Cut(strings.TrimLeft(option[0], "-"), "=")
		if len(option) > 1 {
			value = option[1]
		}
		if rest, ok := strings.CutPrefix(value, "~/"); ok { // the shell has not expanded it yet
			value = filepath.Join(os.Getenv("HOME"), rest)
		}
		switch name {
		case "dir":
			t.dir = value
		case "all":
			t.all = true
		}
	}
	t.Plain = t.Plain || len(l.Rest) > 0
	for i, word := range l.Rest {
		switch {
		case t.kind() != "COMMAND":
			t.args = append(t.args, word)
		case word != "--":
			t.command = len(words) - len(l.Rest) + i
			return t, true
		}
	}
	return t, true
}

// kind returns the kind of the verb's next argument, in the words of its usage: NAME, PID, COMMAND. It returns "" if the verb
// takes no more.
func (t *typed) kind() string {
	if t.Verb == nil {
		return ""
	}
	n := len(t.args)
	for _, word := range strings.Fields(t.Verb.ArgsUsage) {
		kind := strings.Trim(word, "[]{}.")
		if kind == "--" || kind == "NAME" && t.all {
			continue
		}
		if n == 0 || strings.Contains(word, "...") {
			return kind
		}
		n--
	}
	return ""
}
