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
// command, and stay as they are; so do those of a verb that ignores its arguments. Without a verb, the verb is list.
//
// Arrange also returns the verb's name, or the word in its place, which may be an external one; or "".
func Arrange(app *cli.App, args []string) (arranged []string, word string, err error) {
	l, err := Read(app, args[1:])
	if err != nil {
		return nil, l.Word, err
	}
	app.Metadata = map[string]any{typed: l.Options}
	global, local := l.sorted()
	verb, names := l.Verb, l.arguments(local)
	if verb == nil && len(local) > 0 {
		verb = app.Command("list")
	}
	arranged = append(args[:1:1], global...)
	if verb != nil {
		l.Word = verb.Name
		arranged = append(append(arranged, verb.Name), local...)
		arranged = append(arranged, "--")
	}
	return append(arranged, names...), l.Word, nil
}

// arguments returns the arguments of the verb. If its options ask for help, there are none: the library would take a name for a
// verb that needs help. The verb help is the help already.
func (l *Line) arguments(options []string) []string {
	names := slices.Concat(l.Names, l.Rest)
	switch {
	case l.Word == "help":
		return slices.DeleteFunc(names, isHelp)
	case l.Verb != nil && slices.ContainsFunc(options, isHelp):
		return nil
	}
	return names
}

// sorted returns the options of the app, and those of the verb.
func (l *Line) sorted() (global, local []string) {
	for _, option := range lastOfEach(l.app, l.Verb, l.Options) {
		if l.isLocal(option[0]) {
			local = append(local, option...)
		} else {
			global = append(global, option...)
		}
	}
	for _, option := range l.skipped {
		if l.Verb == nil {
			break
		}
		if flag := find(l.Verb.Flags, option); flag != nil && !TakesValue(flag) {
			local = append(local, option)
		}
	}
	return global, local
}

// A Line is a command line, read as far as the arguments that belong to another command, or that the verb ignores.
type Line struct {
	app     *cli.App
	isIP    bool // it has ip's word netns, because netns stands in for ip
	Verb    *cli.Command
	Word    string     // the verb's name, or the word in its place
	Options [][]string // each with its value
	skipped []string   // options of ip without effect, unless the verb has them
	Names   []string
	Plain   bool     // -- ended the options
	Rest    []string // the arguments after --, or from the first that is for another command or that the verb ignores
	Open    cli.Flag // the option that needs a value, if the line ends with it
}

// Read reads the arguments after the program's name. After an error, the Line has what stands before the mistake.
func Read(app *cli.App, args []string) (*Line, error) {
	l := &Line{app: app, Rest: args}
	for len(l.Rest) > 0 {
		arg := l.Rest[0]
		switch {
		case arg == "--":
			l.Plain, l.Rest = true, l.Rest[1:]
			return l, nil
		case l.Verb == nil && l.skipIPOption():
			continue
		case len(arg) >= 2 && arg[0] == '-' && !isNumber(arg):
			if err := l.option(); err != nil {
				return l, err
			}
			continue
		case l.Verb != nil && (runsCommand[l.Verb.Name] || ignoresWords[l.Verb.Name]):
			return l, nil
		case l.Verb != nil:
			l.Names = append(l.Names, arg)
		case arg == "netns" && !l.isIP:
			l.isIP = true
		default:
			if l.Verb = FindVerb(app, arg); l.Verb == nil {
				if arg != "" && strings.HasPrefix("help", arg) {
					l.Rest = append([]string{"help"}, l.Rest[1:]...)
				}
				l.Word = l.Rest[0]
				return l, nil // the library's own verb, or an external one
			}
			l.Word = l.Verb.Name
		}
		l.Rest = l.Rest[1:]
	}
	return l, nil
}

// option takes an option, with its value.
func (l *Line) option() error {
	arg := l.Rest[0]
	l.Rest = l.Rest[1:]
	if l.Verb == nil && FlagOf(l.app, nil, arg) == nil {
		arg = fullOption(arg)
	}
	if strings.TrimLeft(arg, "-") == "kill" { // the only option whose value may be left out
		// A word after it would be a name, but a signal is more likely meant, and another namespace could be deleted.
		if len(l.Rest) > 0 && signals.Parse(l.Rest[0]) != 0 {
			return Usagef("%s %s: a signal is given as %s=%s; a name like that stands before %s", arg, l.Rest[0], arg, l.Rest[0], arg)
		}
		arg += "=TERM"
	}
	if err := l.checkBoolean(arg); err != nil {
		return err
	}
	option := []string{arg}
	if flag := FlagOf(l.app, l.Verb, arg); TakesValue(flag) && !strings.Contains(arg, "=") {
		if len(l.Rest) == 0 { // the library would take the word that is put behind it
			l.Open = flag
			return Usagef("%s needs a value", arg)
		}
		option, l.Rest = append(option, l.Rest[0]), l.Rest[1:]
	}
	l.Options = append(l.Options, option)
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
func (l *Line) isLocal(arg string) bool {
	global := find(l.app.Flags, arg) != nil
	if l.Verb != nil {
		return !global || find(l.Verb.Flags, arg) != nil
	}
	return !global && FlagOf(l.app, nil, arg) != nil
}

// isNumber reports whether an argument is a negative number: it is not an option, but a value out of range.
func isNumber(arg string) bool {
	_, err := strconv.Atoi(arg)
	return err == nil
}

func isHelp(arg string) bool { return arg == "--help" || arg == "-help" || arg == "-h" }
