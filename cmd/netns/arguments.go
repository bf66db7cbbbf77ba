package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts options before names, and the options that every verb has before the verb, where the command-line library
// wants them. Options of a verb may come before it, as in ip -all netns exec; what follows the name given to a verb in
// runsCommand is that command's, and stays as it is. No verb is list.
func arrange(app *cli.App, args []string) ([]string, error) {
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
				if arg == "netns" && !slices.Contains(args[1:i], arg) {
					continue // ip's word, so that ip netns can become an alias or a variable
				}
				if verb = findVerb(app, arg); verb == nil {
					if arg != "" && strings.HasPrefix("help", arg) {
						args = slices.Concat(args[:i], []string{"help"}, args[i+1:])
					}
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
		if value, ok := optionalValues[strings.TrimLeft(arg, "-")]; ok {
			arg += "=" + value
		}
		flag, ofVerb := whose(app, verb, arg)
		to := &global
		if ofVerb {
			to = &local
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
		verb = app.Command("list")
	}
	arranged := append(args[:1:1], global...)
	if verb != nil {
		arranged = append(append(arranged, verb.Name), local...)
		arranged = append(append(arranged, "--"), names...)
	}
	return append(arranged, args[i:]...), nil
}

// runsCommand are the verbs that take somebody else's command line.
var runsCommand = map[string]bool{"exec": true}

// optionalValues are the options that need no value, with the one that they have then.
var optionalValues = map[string]string{"kill": "TERM"}

// ipVerbs are the words of ip netns, in the order in which it compares them with what may be the beginning of one
// (do_netns in iproute2's ip/ipnetns.c), and our words for them.
var ipVerbs = [][2]string{
	{"list", "list"}, {"show", "list"}, {"lst", "list"}, {"list-id", "list-id"}, {"help", "help"}, {"add", "add"}, {"set", "set"},
	{"delete", "delete"}, {"identify", "identify"}, {"pids", "pids"}, {"exec", "exec"}, {"monitor", "monitor"}, {"attach", "attach"},
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

// whose returns the flag that an argument sets, and says whether it is the verb's and not everybody's. Before the verb
// is known, it may be any verb's. The flag is nil for an unknown one.
func whose(app *cli.App, verb *cli.Command, arg string) (flag cli.Flag, ofVerb bool) {
	if verb != nil {
		if flag = find(verb.Flags, arg); flag != nil {
			return flag, true
		}
	}
	if flag = find(app.Flags, arg); flag != nil || verb != nil {
		return flag, flag == nil
	}
	for _, verb := range app.Commands {
		if flag = find(verb.Flags, arg); flag != nil {
			return flag, true
		}
	}
	return nil, false
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

func isHelp(arg string) bool { return arg == "--help" || arg == "-help" || arg == "-h" }

func takesValue(f cli.Flag) bool {
	documented, ok := f.(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}
