package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts options before names, and the options that every verb has before the verb, where the command-line library
// wants them. What follows the name given to a verb in runsCommand is that command's, and stays as it is. No verb is list.
func arrange(app *cli.App, args []string) ([]string, error) {
	var global, local, names []string
	var verb *cli.Command
	list := app.Command("list") // what is meant without a verb
	i := 1
	for ; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			i++
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			if verb == nil {
				if verb = app.Command(arg); verb == nil {
					break // unknown, or the library's own
				}
				continue
			}
			if runsCommand[verb.Name] {
				break
			}
			names = append(names, arg)
			continue
		}
		to, flag := &global, find(app.Flags, arg)
		if flag == nil {
			if flag = find(cmp.Or(verb, list).Flags, arg); flag != nil || verb != nil {
				to = &local
			}
		}
		*to = append(*to, arg)
		if takesValue(flag) && !strings.Contains(arg, "=") {
			if i++; i == len(args) { // it would take what is put behind it
				return nil, usageError{arg + " needs a value"}
			}
			*to = append(*to, args[i])
		}
	}
	if verb != nil && slices.ContainsFunc(local, isHelp) {
		names, args = nil, args[:i] // or the library takes a name for something to be helped with
	}
	if verb == nil && len(local) > 0 {
		verb = list
	}
	arranged := append(args[:1:1], global...)
	if verb != nil {
		arranged = append(append(arranged, verb.Name), local...)
		arranged = append(append(arranged, "--"), names...)
	}
	return append(arranged, args[i:]...), nil
}

// runsCommand are the verbs that take a name and then somebody else's command line.
var runsCommand = map[string]bool{"exec": true}

// find returns the flag that an argument sets, or nil.
func find(flags []cli.Flag, arg string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}

func isHelp(arg string) bool { return arg == "--help" || arg == "-help" || arg == "-h" }

func takesValue(f cli.Flag) bool {
	documented, ok := f.(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}
