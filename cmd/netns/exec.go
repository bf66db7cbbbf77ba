package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/netns-go/netns/cmd/netns/internal/inside"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/urfave/cli/v2"
)

func execVerb() verb {
	return verb{Command: &cli.Command{
		Name:      "exec",
		Usage:     "run a command inside a namespace",
		ArgsUsage: "NAME [[--] COMMAND [ARGUMENT...]]",
		Description: "The command replaces netns. It runs in a mount namespace of its own, with the namespace's /sys, and with the\n" +
			"files in /etc/netns/NAME over those in /etc. Without a COMMAND it is a login shell. The exit code is the command's, or\n" +
			"125 if netns itself fails, 126 if the command cannot be executed, and 127 if it is not found.\n\n   netns exec demo ip address\n" +
			"   netns exec --user www-data --workdir /srv demo ./server\n   netns exec --all --jobs 8 -- ping -c 1 192.0.2.1",
		Flags: append(commandFlags(),
			&cli.BoolFlag{Name: "all", Usage: "run the command in every namespace, one after another; takes no NAME"},
			&cli.IntFlag{Name: "jobs", Value: 1, Usage: "with --all, work in `N` namespaces at a time, and put NAME before each line"},
		),
	}, run: func(e *env, o *cli.Context) error {
		options, err := commandOptions(o)
		all, jobs := o.Bool("all"), o.Int("jobs")
		switch {
		case err != nil:
			return fmt.Errorf("exec: %w", err)
		case o.IsSet("jobs") && !all:
			return usagef("exec: --jobs is for --all")
		case jobs < 1:
			return usagef("exec: --jobs must be 1 or more")
		case all:
			return execAll(e, sameOptions(e, o), jobs)
		}
		return execute(e, options)
	}}
}

// execute becomes a command in a namespace.
func execute(e *env, o inside.Options) error {
	if len(e.args) == 0 {
		return usagef("exec: no name given; see netns exec --help")
	}
	name, words := e.args[0], e.args[1:]
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	command := inside.Shell()
	if len(words) > 0 {
		command = inside.NewCommand(words)
	}
	o.Quiet = e.quiet
	ns, err := e.dir.Open(name)
	if err == nil {
		defer ns.Close()
		err = inside.Exec(ns.Fd(), name, command, o)
	}
	return execError(name, err)
}

// execError completes the error of a command that was to be executed in a namespace.
func execError(name string, err error) error {
	if is[*inside.CommandError](err) {
		return commandError("exec", err)
	}
	return advise(fmt.Errorf("exec %s: %w", term.Printable(name), err), whatToEnter)
}

// commandError gives the error of a command that could not be executed the exit code that a shell has for it.
func commandError(verb string, err error) error {
	command, ok := errors.AsType[*inside.CommandError](err)
	wrapped := fmt.Errorf("%s: %w", verb, err)
	switch {
	case !ok:
		return wrapped
	case command.NotFound() && strings.HasPrefix(command.Command, "-"):
		return codedError{fmt.Errorf("%w; options of %s stand before the name", wrapped, verb), codeNotFound}
	case command.NotFound():
		return codedError{wrapped, codeNotFound}
	}
	return codedError{wrapped, codeNotExec}
}

// commandFlags are the options of a verb that becomes a command, and commandOptions reads them.
func commandFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "user", Usage: "run the command as `USER[:GROUP]` (names or numbers), with the user's groups"},
		&cli.StringFlag{Name: "group", Usage: "run the command with this `GROUP` (a name or a number)"},
		&cli.StringSliceFlag{Name: "env", Usage: "set `KEY=VALUE` in the command's environment (repeatable)"},
		&cli.StringFlag{Name: "workdir", Usage: "run the command in the directory `DIR`, as seen inside"},
		&cli.BoolFlag{Name: "net-only", Usage: "change only the network namespace: /sys and /etc stay the caller's"},
	}
}

func commandOptions(o *cli.Context) (options inside.Options, err error) {
	options = inside.Options{Env: o.StringSlice("env"), Workdir: o.String("workdir"), NetOnly: o.Bool("net-only")}
	for _, setting := range options.Env {
		if strings.Index(setting, "=") < 1 {
			return options, usagef("--env %q is not KEY=VALUE", setting)
		}
	}
	if o.IsSet("workdir") && options.Workdir == "" {
		return options, usagef("--workdir: no directory given")
	}
	options.Identity, err = identity(o)
	return options, err
}

// sameOptions returns the arguments of a netns exec with the same options of how to run the command.
func sameOptions(e *env, o *cli.Context) []string {
	args := []string{"--dir", e.path, "exec"}
	for _, flag := range commandFlags() {
		name := flag.Names()[0]
		values := o.StringSlice(name)
		if values == nil && o.IsSet(name) {
			values = []string{fmt.Sprint(o.Value(name))}
		}
		for _, value := range values {
			args = append(args, "--"+name+"="+value)
		}
	}
	return args
}

// identity reads --user and --group.
func identity(o *cli.Context) (id inside.Identity, err error) {
	var user, group *string
	if name, itsGroup, hasGroup := strings.Cut(o.String("user"), ":"); o.IsSet("user") {
		user = &name
		if hasGroup {
			group = &itsGroup
		}
	}
	if name := o.String("group"); o.IsSet("group") {
		if group != nil {
			return id, usagef("--user names a group already, and --group another one")
		}
		group = &name
	}
	return inside.LookUp(user, group)
}
