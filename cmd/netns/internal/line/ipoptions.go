package line

import (
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// ipOptions are the options of ip that mean nothing for ip netns, as far as an ip script may give them (main in iproute2's
// ip/ip.c). Those of the first list may be shortened.
var (
	ipOptions = []string{
		"human", "human-readable", "iec", "stats", "statistics", "details", "resolve", "oneline", "timestamp", "tshort", "brief",
		"Numeric",
	}
	ipExactOptions = []string{"0", "4", "6", "B", "M", "echo"}
	// ipValues are the values of those that need one.
	ipValues = map[string]func(string) bool{
		"family": func(v string) bool { return slices.Contains([]string{"inet", "inet6", "mpls", "bridge", "link"}, v) },
		"loops":  isCount,
		"rcvbuf": isCount,
	}
)

func isCount(text string) bool {
	_, err := strconv.ParseUint(text, 0, 32)
	return err == nil
}

// skipIPOption skips an option before the verb that ip takes, and that means nothing for ip netns. It reports whether it did.
// The option is kept apart, because the verb may have one of the same name.
func (l *Line) skipIPOption() bool {
	dashed, isOption := strings.CutPrefix(l.Rest[0], "-")
	name := strings.TrimPrefix(dashed, "-")
	words := ipOptionWords(name, l.Rest[1:])
	if !isOption || words == 0 || l.isOurs(name) {
		return false
	}
	l.skipped, l.Rest = append(l.skipped, l.Rest[0]), l.Rest[words:]
	return true
}

// ipOptionWords returns the number of words of an option of ip that means nothing, with its value; 0 for any other option.
func ipOptionWords(name string, after []string) int {
	isShort := func(full string) bool { return name != "" && strings.HasPrefix(full, name) }
	for full, isValue := range ipValues {
		if isShort(full) && len(after) > 0 && isValue(after[0]) {
			return 2
		}
	}
	colour, when, hasWhen := strings.Cut(name, "=")
	isColour := colour != "" && strings.HasPrefix("color", colour) &&
		(!hasWhen || slices.Contains([]string{"always", "auto", "never"}, when))
	if isColour || slices.Contains(ipExactOptions, name) || name != "b" && slices.ContainsFunc(ipOptions, isShort) {
		return 1
	}
	return 0
}

// isOurs reports whether an option that ip has too is meant as an option of netns. Two are: -h before a verb is the help,
// unless the word netns stands between the two. And -o before a verb is the format, unless the word after it is no format that
// could be meant, but begins an ip command line.
func (l *Line) isOurs(name string) bool {
	switch flag, next := FlagOf(l.app, nil, name), slices.Index(l.Rest[1:], "netns"); {
	case name == "h":
		return next < 0 || slices.ContainsFunc(l.Rest[1:1+next], func(word string) bool { return !strings.HasPrefix(word, "-") })
	case flag == nil || !TakesValue(flag):
		return false
	case len(l.Rest) == 1:
		return true
	default:
		word := l.Rest[1]
		return !strings.HasPrefix(word, "-") && word != "netns" && !isVerb(l.app, word)
	}
}

// isVerb reports whether a word is a verb, the help, or a shortened one of them.
func isVerb(app *cli.App, word string) bool {
	return FindVerb(app, word) != nil || word != "" && strings.HasPrefix("help", word)
}
