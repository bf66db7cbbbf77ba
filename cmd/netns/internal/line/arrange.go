package line

import (
	"slices"
	"strconv"
	"strings"

	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/urfave/cli/v2"
)

// Arrange puts options before names, and the options of the app before the verb, as the library needs them. The options of a
// verb may stand before it, as in ip -all netns exec. The arguments of exec and run after the first one belong to another
// command, and stay as they are. Without a verb, the verb is list.
//
// Arrange also returns the verb's name, or the word in its place, which may be an external one; or "".
func Arrange(app *cli.App, args []string) (arranged []string, word string, err error) {
	s := splitter{app: app, args: args}
	if err := s.split(); err != nil {
		return nil, s.word, err
	}
	var global, local []string
	for _, option := range s.options {
		if s.isLocal(option[0]) {
			local = append(local, option...)
		} else {
			global = append(global, option...)
		}
	}
	verb, names, rest := s.verb, s.names, s.args[s.next:]
	if verb != nil && slices.ContainsFunc(local, isHelp) {
		names, rest = nil, nil // the library would take a name for a verb that needs help
	}
	if verb == nil && len(local) > 0 {
		verb = app.Command("list")
	}
	arranged = append(args[:1:1], global...)
	if verb != nil {
		s.word = verb.Name
		arranged = append(append(arranged, verb.Name), local...)
		arranged = append(append(arranged, "--"), names...)
	}
	return append(arranged, rest...), s.word, nil
}

// A splitter sorts the arguments of a command line.
type splitter struct {
	app     *cli.App
	args    []string
	next    int        // the index of the first argument that is left as it is
	options [][]string // each with its value
	names   []string
	verb    *cli.Command
	word    string // the verb's name, or the word in its place
}

func (s *splitter) split() error {
	for s.next = 1; s.next < len(s.args); s.next++ {
		arg := s.args[s.next]
		switch {
		case arg == "--":
			s.next++
			return nil
		case len(arg) >= 2 && arg[0] == '-' && !isNumber(arg):
			if err := s.option(arg); err != nil {
				return err
			}
		case s.verb != nil && runsCommand[s.verb.Name]:
			return nil
		case s.verb != nil:
			s.names = append(s.names, arg)
		case arg == "netns" && !slices.Contains(s.args[1:s.next], arg): // ip's word, if netns stands in for ip
		default:
			if s.verb = FindVerb(s.app, arg); s.verb == nil {
				if arg != "" && strings.HasPrefix("help", arg) {
					s.args = slices.Concat(s.args[:s.next], []string{"help"}, s.args[s.next+1:])
				}
				s.word = s.args[s.next]
				return nil // the library's own verb, or an external one
			}
			s.word = s.verb.Name
		}
	}
	return nil
}

// option takes an option, with its value.
func (s *splitter) option(arg string) error {
	if s.verb == nil && FlagOf(s.app, nil, arg) == nil {
		arg = fullOption(arg)
	}
	if strings.TrimLeft(arg, "-") == "kill" { // the only option whose value may be left out
		// A word after it would be a name, but a signal is more likely meant, and another namespace could be deleted.
		if next := s.args[s.next+1 : min(s.next+2, len(s.args))]; len(next) == 1 && signals.Parse(next[0]) != 0 {
			return Usagef("%s %s: a signal is given as %s=%s; a name like that stands before %s", arg, next[0], arg, next[0], arg)
		}
		arg += "=TERM"
	}
	option := []string{arg}
	if TakesValue(FlagOf(s.app, s.verb, arg)) && !strings.Contains(arg, "=") {
		if s.next++; s.next == len(s.args) { // the library would take the word that is put behind it
			return Usagef("%s needs a value", arg)
		}
		option = append(option, s.args[s.next])
	}
	s.options = append(s.options, option)
	return nil
}

// fullOption returns an option of ip's, which may be shortened as ip lets it be, in full. The option -f is ip's -family, not
// -force.
func fullOption(arg string) string {
	name := strings.TrimLeft(arg, "-")
	for _, full := range []string{"all", "batch", "force", "json", "pretty"} {
		if name != "f" && strings.HasPrefix(full, name) {
			return "-" + full
		}
	}
	return arg
}

// isLocal reports whether an option goes behind the verb: an option of the verb, or an unknown one. Without a verb, it is an
// option of any verb.
func (s *splitter) isLocal(arg string) bool {
	global := find(s.app.Flags, arg) != nil
	if s.verb != nil {
		return !global || find(s.verb.Flags, arg) != nil
	}
	return !global && FlagOf(s.app, nil, arg) != nil
}

// isNumber reports whether an argument is a negative number: it is not an option, but a value out of range.
func isNumber(arg string) bool {
	_, err := strconv.Atoi(arg)
	return err == nil
}

func isHelp(arg string) bool { return arg == "--help" || arg == "-help" || arg == "-h" }
