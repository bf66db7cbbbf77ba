package shell

import (
	"os"
	"path/filepath"
	"slices"
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
	verb    *cli.Command
	args    []string // of the verb
	option  cli.Flag // the next word is its value
	plain   bool     // no options follow
	all     bool     // --all is given, so the verb takes no names
	dir     string
	command int // the index of the first word of another command, or 0
}

// parseTyped reads words as [line.Arrange] does, and reports whether the verb, if any, is known.
func parseTyped(app *cli.App, words []string) (typed, bool) {
	t := typed{dir: os.Getenv("NETNS_RUN_DIR")}
	for i, word := range words {
		switch {
		case t.option != nil:
			if rest, ok := strings.CutPrefix(word, "~/"); ok { // the shell has not expanded it yet
				word = filepath.Join(os.Getenv("HOME"), rest)
			}
			t.set(t.option, word)
			t.option = nil
		case word == "--" && (!t.plain || t.kind() == "COMMAND"):
			t.plain = true
		case !t.plain && len(word) > 1 && word[0] == '-':
			flag := line.FlagOf(app, t.verb, word)
			if _, value, isSet := strings.Cut(word, "="); isSet || !line.TakesValue(flag) {
				t.set(flag, value)
			} else {
				t.option = flag
			}
		case t.verb == nil && word == "netns": // as in line.Arrange
		case t.verb == nil:
			if t.verb = line.FindVerb(app, word); t.verb == nil {
				return t, false
			}
		case t.kind() == "COMMAND":
			t.command = i
			return t, true
		default:
			t.args = append(t.args, word)
			t.plain = t.plain || line.RunsCommand(t.verb.Name)
		}
	}
	return t, true
}

// set records an option that the candidates depend on. An unknown one is nil.
func (t *typed) set(flag cli.Flag, value string) {
	switch {
	case flag == nil:
	case slices.Contains(flag.Names(), "dir"):
		t.dir = value
	case slices.Contains(flag.Names(), "all"):
		t.all = true
	}
}

// kind returns the kind of the verb's next argument, in the words of its usage: NAME, PID, COMMAND. It returns "" if the verb
// takes no more.
func (t *typed) kind() string {
	if t.verb == nil {
		return ""
	}
	n := len(t.args)
	for _, word := range strings.Fields(t.verb.ArgsUsage) {
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
