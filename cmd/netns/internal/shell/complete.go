// Package shell completes command lines of netns in bash, zsh and fish. The scripts for the shells call a hidden verb, which
// answers by this package.
package shell

import (
	"embed"
	"fmt"
	"strings"

	"github.com/netns-go/netns/cmd/netns/internal/line"
	"github.com/urfave/cli/v2"
)

//go:embed scripts
var scripts embed.FS

// Script returns the script that lets a shell complete netns. It returns an error if the shell is not bash, zsh or fish.
func Script(shell string) (string, error) {
	text, err := scripts.ReadFile("scripts/netns." + shell)
	return string(text), err
}

// Words returns the completions of the last of some words, without the program's name: a candidate a line, with its
// description after a tab. If only the shell can complete the word, the line is a tab and the kind of the word and, for the
// word of a command, a tab and the index of that command's first word.
func Words(app *cli.App, words []string) string {
	answer := completions(app, words)
	switch {
	case answer.directories:
		return "\tdirectories\n"
	case answer.command > 0:
		return fmt.Sprintf("\tcommand\t%d\n", answer.command)
	}
	var text strings.Builder
	for _, word := range answer.words {
		text.WriteString(strings.TrimSuffix(word.text+"\t"+word.about, "\t") + "\n")
	}
	return text.String()
}

// completions returns the answer for the last of some words.
func completions(app *cli.App, words []string) answer {
	words, last := words[:len(words)-1], words[len(words)-1]
	t, known := parseTyped(app, words)
	option, _, isSet := strings.Cut(last, "=")
	switch {
	case !known:
		return answer{}
	case t.command > 0:
		return answer{command: t.command}
	case t.Open != nil:
		return t.valuesOf(app, t.Open, "")
	case !t.Plain && strings.HasPrefix(last, "-") && isSet:
		flag := line.FlagOf(app, t.Verb, last)
		return t.valuesOf(app, flag, option+"=")
	case !t.Plain && strings.HasPrefix(last, "-"):
		return answer{words: optionsOf(app, t.Verb)}
	case t.Verb == nil:
		return answer{words: verbsOf(app)}
	case t.kind() == "COMMAND":
		return answer{command: len(words)}
	}
	return answer{words: t.values(app, t.kind())}
}
