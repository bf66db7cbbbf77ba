package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// unknownVerb is the error for a verb that there is not, with the nearest that there is.
func unknownVerb(c *cli.Context, verb string) error {
	var names []string
	for _, command := range c.App.VisibleCommands() {
		names = append(names, command.Names()...)
	}
	return usageError{fmt.Sprintf("unknown verb %q%s; see netns --help", verb, didYouMean(verb, "", names))}
}

// undefined is how the command-line library begins its error for an option that there is not.
const undefined = "flag provided but not defined: -"

// unknownOption returns the option in the library's error for an unknown one, or "".
func unknownOption(err error) string {
	name, ok := strings.CutPrefix(err.Error(), undefined)
	if !ok {
		return ""
	}
	name = strings.TrimLeft(name, "-")
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// suggestOption returns the nearest of the options that a verb and the command have, as an addition to an error.
func suggestOption(c *cli.Context, wrong string) string {
	flags := slices.Clone(c.App.Flags)
	if c.Command != nil {
		flags = append(flags, c.Command.Flags...)
	}
	names := []string{"help"}
	for _, flag := range flags {
		names = append(names, flag.Names()...)
	}
	return didYouMean(strings.TrimLeft(wrong, "-"), "--", names)
}

// didYouMean returns a question for the nearest of some names, or nothing if none is near.
func didYouMean(wrong, prefix string, names []string) string {
	best, nearest := 0.75, ""
	for _, name := range names {
		if likeness := smetrics.JaroWinkler(wrong, name, 0.7, 4); len(name) > 1 && likeness > best {
			best, nearest = likeness, name
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", prefix+nearest)
}
