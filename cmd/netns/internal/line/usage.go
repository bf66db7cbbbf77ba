package line

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// A UsageError reports a mistake in the command line.
type UsageError struct{ Text string }

func (e UsageError) Error() string { return e.Text }

// Usagef returns a [UsageError].
func Usagef(format string, args ...any) error { return UsageError{fmt.Sprintf(format, args...)} }

// onUsageError keeps the library from printing a page of help with its message.
func onUsageError(c *cli.Context, err error, _ bool) error {
	see := "netns --help"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != c.App.Name {
		see = "netns " + c.Command.Name + " --help"
	}
	text := err.Error()
	if name, unknown := strings.CutPrefix(text, "flag provided but not defined: -"); unknown {
		name = strings.TrimLeft(name, "-")
		text = fmt.Sprintf("unknown option %q%s", asTyped(c.App, name), suggestOption(c, name))
	}
	return UsageError{cmp.Or(aboutValue(c, text), text) + "; see " + see}
}

// UnknownVerb returns the error for an unknown verb, with the verb that was probably meant.
func UnknownVerb(app *cli.App, verb string) error {
	if known := synonyms[verb]; known != "" {
		return Usagef("unknown verb %q (did you mean %q?); see netns %s --help", verb, known, known)
	}
	var names []string
	for _, command := range app.VisibleCommands() {
		names = append(names, command.Names()...)
	}
	return Usagef("unknown verb %q%s; see netns --help", verb, didYouMean(verb, "", names))
}

// suggestOption returns a question for the option of the verb or the app that was probably meant, or "".
func suggestOption(c *cli.Context, wrong string) string {
	if right := negated(c, wrong); right != "" {
		return fmt.Sprintf(" (did you mean %q?)", right)
	}
	flags := slices.Clone(c.App.Flags)
	if c.Command != nil {
		// Of the options without a verb, none can be meant.
		flags = slices.DeleteFunc(flags, func(f cli.Flag) bool { return slices.Contains(batchFlags, f.Names()[0]) })
		flags = append(flags, c.Command.Flags...)
	}
	names := []string{"help"}
	for _, flag := range flags {
		names = append(names, flag.Names()...)
	}
	return didYouMean(wrong, "--", names)
}

// didYouMean returns a question for the name that is most like the wrong one, or "" if none is near.
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
