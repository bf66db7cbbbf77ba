package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts options before names, and the options that every verb has before the verb, where the command-line library
// wants them. What follows the name given to a verb in runsCommand is that command's, and stays as it is.
func arrange(app *cli.App, args []string) []string {
	var global, local, names []string
	var verb *cli.Command
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
		to := &local
		flag := find(app.Flags, arg)
		if verb == nil || flag != nil {
			to = &global
		} else {
			flag = find(verb.Flags, arg)
		}
		*to = append(*to, arg)
		if takesValue(flag) && !strings.Contains(arg, "=") && i+1 < len(args) {
			i++
			*to = append(*to, args[i])
		}
	}
	arranged := append(args[:1:1], global...)
	if verb != nil {
		arranged = append(append(arranged, verb.Name), local...)
		arranged = append(append(arranged, "--"), names...)
	}
	return append(arranged, args[i:]...)
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

func takesValue(f cli.Flag) bool {
	documented, ok := f.(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}
