package line

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// booleanWords are the words that users of other programs put behind a boolean option, with their meaning.
var booleanWords = map[string]bool{
	"true": true, "yes": true, "on": true, "1": true, "false": false, "no": false, "off": false, "0": false,
}

// checkBoolean refuses a boolean option with a word behind it, or with a value that is no boolean. The word would be a name, so
// `create demo --verify false` would make a second namespace, and verify both.
func (l *Line) checkBoolean(arg string) error {
	flag, isBoolean := FlagOf(l.app, l.Verb, arg).(*cli.BoolFlag)
	if !isBoolean {
		return nil
	}
	option, value, given := strings.Cut(arg, "=")
	if _, err := strconv.ParseBool(value); given && err != nil {
		return Usagef("%s: %q is neither true nor false: the option is %s=true or %s=false", option, value, option, option)
	}
	if given || len(l.Rest) == 0 || len(strings.TrimLeft(option, "-")) == 1 || l.isArgument(l.Rest[0], flag) {
		return nil
	}
	if on, isWord := booleanWords[strings.ToLower(l.Rest[0])]; isWord {
		return Usagef("%s %s: the value of this option is given as %s=%t; a name like that stands behind --", option, l.Rest[0], option, on)
	}
	return nil
}

// isArgument reports whether a boolean word behind a flag is meant as an argument of the verb: true and false are commands too,
// and 0 and 1 are numbers of processes and ids.
func (l *Line) isArgument(word string, flag *cli.BoolFlag) bool {
	if l.Verb == nil {
		return false
	}
	_, err := strconv.Atoi(word)
	return runsCommand[l.Verb.Name] && !flag.Value || err == nil && strings.Contains(l.Verb.ArgsUsage, "ID")
}

// The help shows --verify[=false] for a boolean that is on by default.
func init() {
	usual := cli.FlagStringer
	cli.FlagStringer = func(f cli.Flag) string {
		text := usual(f)
		if boolean, ok := f.(*cli.BoolFlag); ok && boolean.Value {
			option := "--" + boolean.Name
			text = strings.Replace(text, option, option+"[=false]", 1)
		}
		return text
	}
}

// lastOfEach returns options without those that a later option of the same flag replaces. The library refuses two forms of a
// flag, such as --quiet and -q, but a batch puts its own options before those of each line.
func lastOfEach(app *cli.App, verb *cli.Command, options [][]string) (last [][]string) {
	for i, option := range options {
		flag := FlagOf(app, verb, option[0])
		isSame := func(later []string) bool { return FlagOf(app, verb, later[0]) == flag }
		if _, isList := flag.(*cli.StringSliceFlag); flag == nil || isList || !slices.ContainsFunc(options[i+1:], isSame) {
			last = append(last, option)
		}
	}
	return last
}

// typed is the key of an app's metadata for the options of its command line.
const typed = "typed"

// asTyped returns an option of the command line by its name, with the hyphens that the user typed.
func asTyped(app *cli.App, name string) string {
	options, _ := app.Metadata[typed].([][]string)
	for _, o := range options {
		if option, _, _ := strings.Cut(o[0], "="); strings.TrimLeft(option, "-") == name {
			return option
		}
	}
	return "--"[:min(2, len(name))] + name // -4, which is a number to the others
}

// aboutValue returns what is wrong with the value of an option, in place of the library's text, or "" if the text is about
// something else. The library's text names the option as package flag does. The pattern is compiled here, because nearly no
// command line needs it.
func aboutValue(c *cli.Context, text string) string {
	parts := regexp.MustCompile(`^invalid value (".*") for flag -([^ ]*): .*$`).FindStringSubmatch(text)
	if parts == nil {
		return ""
	}
	wanted := "is not a value for this option"
	switch FlagOf(c.App, c.Command, parts[2]).(type) {
	case *cli.DurationFlag:
		wanted = "is not a time: a time has a unit, such as 500ms or 5s"
	case *cli.IntFlag:
		wanted = "is not a number"
	}
	return fmt.Sprintf("%s: %s %s", asTyped(c.App, parts[2]), parts[1], wanted)
}

// batchFlags are the options of the app that mean nothing to a verb.
var batchFlags = []string{"batch", "force"}

// negated returns the option that an unknown one such as --no-verify means, or "".
func negated(c *cli.Context, wrong string) string {
	name, isNegated := strings.CutPrefix(wrong, "no-")
	if flag, ok := FlagOf(c.App, c.Command, name).(*cli.BoolFlag); isNegated && ok {
		return "--" + flag.Name + "=false"
	}
	return ""
}

// synonyms are words that other programs have for a verb.
var synonyms = map[string]string{
	"remove": "delete", "destroy": "delete", "erase": "delete", "unlink": "delete",
	"enter": "exec", "shell": "exec", "sh": "exec", "join": "exec", "attach-to": "exec",
	"new": "create", "make": "create", "mk": "create",
	"info": "inspect", "describe": "inspect", "get": "inspect", "status": "inspect",
	"check": "verify", "ps": "pids", "processes": "pids", "watch": "monitor",
	"repair": "recover", "prune": "recover", "cleanup": "recover", "clean": "recover", "gc": "recover",
}
