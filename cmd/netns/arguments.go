package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts options before names, and the options that every verb has before the verb, where the command-line library
// wants them. Options of a verb may come before it, as in ip -all netns exec; what follows the first word after a verb
// in runsCommand is that command's, and stays as it is. No verb is list.
//
// It returns the verb as well, or the word in its place, which may be an external one; or "".
func arrange(app *cli.App, args []string) (arranged []string, word string, err error) {
	var options [][]string // each with its value
	var names []string
	var verb *cli.Command
	i := 1
	for ; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			i++
			break
		}
		if len(arg) < 2 || arg[0] != '-' || isNumber(arg) {
			if verb == nil {
				if arg == "netns" && !slices.Contains(args[1:i], arg) {
					continue // ip's word, so that ip netns can become an alias or a variable
				}
				if verb = findVerb(app, arg); verb == nil {
					if arg != "" && strings.HasPrefix("help", arg) {
						args = slices.Concat(args[:i], []string{"help"}, args[i+1:])
					}
					word = args[i]
					break // the library's own, or not built in
				}
				continue
			}
			if runsCommand[verb.Name] {
				break
			}
			names = append(names, arg)
			continue
		}
		if verb == nil && flagOf(app, verb, arg) == nil {
			arg = fullOption(arg)
		}
		if value, ok := optionalValues[strings.TrimLeft(arg, "-")]; ok {
			// Some would write a name so, but more a signal, and another namespace of that name could go.
			if next := args[i+1 : min(i+2, len(args))]; len(next) == 1 && signalOf(next[0]) != 0 {
				return nil, "", usageError{fmt.Sprintf("%s %s: a signal is given as %s=%s; a name like that stands before %s",
					arg, next[0], arg, next[0], arg)}
			}
			arg += "=" + value
		}
		option := []string{arg}
		if takesValue(flagOf(app, verb, arg)) && !strings.Contains(arg, "=") {
			if i++; i == len(args) { // it would take what is put behind it
				err := error(usageError{arg + " needs a value"})
				if verb != nil && runsCommand[verb.Name] {
					err = codedError{err, codeExec}
				}
				return nil, "", err
			}
			option = append(option, args[i])
		}
		options = append(options, option)
	}
	var global, local []string
	for _, option := range options {
		if isOfVerb(app, verb, option[0]) {
			local = append(local, option...)
		} else {
			global = append(global, option...)
		}
	}
	if verb != nil && slices.ContainsFunc(local, isHelp) {
		names, args = nil, args[:i] // or the library takes a name for something to be helped with
	}
	if verb == nil && len(local) > 0 {
		verb = app.Command("list")
	}
	arranged = append(args[:1:1], global...)
	if verb != nil {
		word = verb.Name
		arranged = append(append(arranged, verb.Name), local...)
		arranged = append(append(arranged, "--"), names...)
	}
	return append(arranged, args[i:]...), word, nil
}

// runsCommand are the verbs that take somebody else's command line.
var runsCommand = map[string]bool{"exec": true, "run": true}

// optionalValues are the options that need no value, with the one that they have then.
var optionalValues = map[string]string{"kill": "TERM"}

// The help shows them without the blank that other options have before their value.
func init() {
	usual := cli.FlagStringer
	cli.FlagStringer = func(f cli.Flag) string { return strings.Replace(usual(f), " [=", "[=", 1) }
}

// ipVerbs are the words of ip netns, in the order in which it compares them with what may be the beginning of one
// (do_netns in iproute2's ip/ipnetns.c), and our words for them.
var ipVerbs = [][2]string{
	{"list", "list"}, {"show", "list"}, {"lst", "list"}, {"list-id", "list-id"}, {"help", "help"}, {"add", "add"}, {"set", "set"},
	{"delete", "delete"}, {"identify", "identify"}, {"pids", "pids"}, {"exec", "exec"}, {"monitor", "monitor"}, {"attach", "attach"},
}

// fullOption returns an option of ip's that can be shortened, as ip lets it be, in full; -f is no -force but ip's -family.
func fullOption(arg string) string {
	name := strings.TrimLeft(arg, "-")
	for _, full := range []string{"all", "batch", "force", "json", "pretty"} {
		if name != "f" && strings.HasPrefix(full, name) {
			return "-" + full
		}
	}
	return arg
}

// findVerb returns the verb that a word means: one of ours spelled out, or one of ip's shortened. It is nil for an
// unknown one.
func findVerb(app *cli.App, word string) *cli.Command {
	if verb := app.Command(word); verb != nil || word == "" {
		return verb
	}
	for _, ip := range ipVerbs {
		if strings.HasPrefix(ip[0], word) {
			return app.Command(ip[1])
		}
	}
	return nil
}

// flagOf returns the flag that an argument sets: the verb's or everybody's, or any verb's as long as none is known. It is
// nil for an unknown one.
func flagOf(app *cli.App, verb *cli.Command, arg string) cli.Flag {
	flags := slices.Clone(app.Flags)
	if verb != nil {
		return find(slices.Concat(verb.Flags, flags), arg)
	}
	for _, verb := range app.Commands {
		flags = append(flags, verb.Flags...)
	}
	return find(flags, arg)
}

// isOfVerb says whether an option goes behind the verb: one that is the verb's, or unknown. Without a verb, it is one that
// is another verb's.
func isOfVerb(app *cli.App, verb *cli.Command, arg string) bool {
	everybodys := find(app.Flags, arg) != nil
	if verb != nil {
		return !everybodys || find(verb.Flags, arg) != nil
	}
	return !everybodys && flagOf(app, nil, arg) != nil
}

// find returns the flag that an argument sets, or nil.
func find(flags []cli.Flag, arg string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}

// isNumber says whether an argument is a negative number, which is no option, but something that is out of range.
func isNumber(arg string) bool {
	_, err := strconv.Atoi(arg)
	return err == nil
}

func isHelp(arg string) bool { return arg == "--help" || arg == "-help" || arg == "-h" }

func takesValue(f cli.Flag) bool {
	documented, ok := f.(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}
