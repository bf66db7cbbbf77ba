package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

func init() { register(completeCommand) }

// completeCommand is what the shells' scripts call. It never fails and never says why: that would be in the way of what is
// being typed.
func completeCommand() *cli.Command {
	return &cli.Command{Name: "__complete", Hidden: true, ArgsUsage: "words WORD... | bash LINE WORDBREAKS", Action: complete}
}

// complete prints what the last word could become, one candidate a line, with its description after a tab. Where only the
// shell knows, it prints a tab, what the shell is to look for and, for a command, where it begins.
func complete(c *cli.Context) error {
	args := c.Args().Slice()
	var text strings.Builder
	switch {
	case len(args) > 1 && args[0] == "words":
		answer := completions(c.App, args[1:])
		switch answer.special {
		case "":
			for _, word := range answer.words {
				text.WriteString(strings.TrimSuffix(word.text+"\t"+word.about, "\t") + "\n")
			}
		case specialCommand:
			text.WriteString("\t" + answer.special + "\t" + strconv.Itoa(answer.command) + "\n")
		default:
			text.WriteString("\t" + answer.special + "\n")
		}
	case len(args) == 3 && args[0] == "bash":
		text.WriteString(completeBash(c.App, args[1], args[2]))
	}
	_, _ = io.WriteString(c.App.Writer, text.String())
	return nil
}

// What only the shell can complete.
const (
	specialDirectories = "directories"
	specialCommand     = "command"
)

// An answer is what a word could become.
type answer struct {
	words   []candidate
	special string
	command int // the index of the word with which another command begins
}

type candidate struct{ text, about string }

// typed is a command line as far as it goes without its last word, which is to be completed.
type typed struct {
	verb    *cli.Command
	args    []string // of the verb
	option  cli.Flag // whose value comes next
	plain   bool     // no options follow
	all     bool     // of the verb's options, and so it takes no names
	dir     string
	command int // the index of the word with which another command begins, or -1
}

// completions returns what the last of the words after the program's name could become.
func completions(app *cli.App, words []string) answer {
	words, last := words[:len(words)-1], words[len(words)-1]
	t, known := parseTyped(app, words)
	option, _, isSet := strings.Cut(last, "=")
	switch {
	case !known:
		return answer{}
	case t.command >= 0:
		return answer{special: specialCommand, command: t.command}
	case t.option != nil:
		return t.valuesOf(app, t.option, "")
	case !t.plain && strings.HasPrefix(last, "-") && isSet:
		flag := flagOf(app, t.verb, last)
		return t.valuesOf(app, flag, option+"=")
	case !t.plain && strings.HasPrefix(last, "-"):
		return answer{words: optionsOf(app, t.verb)}
	case t.verb == nil:
		return answer{words: verbsOf(app)}
	case t.kind() == "COMMAND":
		return answer{special: specialCommand, command: len(words)}
	}
	return answer{words: t.values(app, t.kind())}
}

// parseTyped reads words as arrange does. It says false where the verb is not one of ours.
func parseTyped(app *cli.App, words []string) (typed, bool) {
	t := typed{dir: os.Getenv(dirVar), command: -1}
	for i, word := range words {
		switch {
		case t.option != nil:
			if rest, ok := strings.CutPrefix(word, "~/"); ok { // the shell has yet to do it
				word = filepath.Join(os.Getenv("HOME"), rest)
			}
			t.set(t.option, word)
			t.option = nil
		case word == "--" && (!t.plain || t.kind() == "COMMAND"):
			t.plain = true
		case !t.plain && len(word) > 1 && word[0] == '-':
			flag := flagOf(app, t.verb, word)
			if _, value, isSet := strings.Cut(word, "="); isSet || !takesValue(flag) {
				t.set(flag, value)
			} else {
				t.option = flag
			}
		case t.verb == nil && word == "netns": // as arrange has it
		case t.verb == nil:
			if t.verb = findVerb(app, word); t.verb == nil {
				return t, false
			}
		case t.kind() == "COMMAND":
			t.command = i
			return t, true
		default:
			t.args = append(t.args, word)
			t.plain = t.plain || runsCommand[t.verb.Name]
		}
	}
	return t, true
}

// set takes note of the options that matter to what can follow. An unknown one is nil.
func (t *typed) set(flag cli.Flag, value string) {
	switch {
	case flag == nil:
	case slices.Contains(flag.Names(), "dir"):
		t.dir = value
	case slices.Contains(flag.Names(), "all"):
		t.all = true
	}
}

// kind returns what the verb's next argument is, in the words of its usage: NAME, PID, COMMAND; "" if there is none.
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
