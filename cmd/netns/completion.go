package main

import (
	"github.com/netns-go/netns/cmd/netns/internal/shell"
	"github.com/urfave/cli/v2"
)

func completionVerb() verb {
	return verb{noDir: true, Command: &cli.Command{
		Name:      "completion",
		Usage:     "print the completion script for a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: "The script completes verbs, options, their values, names and processes. After exec NAME, it completes a\n" +
			"command and its arguments. To enable it in the current shell (bash, zsh after compinit, fish):\n\n" +
			"   source <(netns completion bash)\n   source <(netns completion zsh)\n   netns completion fish | source",
	}, run: func(e *env, _ *cli.Context) error { return completion(e) }}
}

func completion(e *env) error {
	if len(e.args) != 1 {
		return usagef("completion: takes the name of one shell: bash, zsh or fish")
	}
	script, err := shell.Script(e.args[0])
	if err != nil {
		return usagef("completion: unknown shell %q; there is bash, zsh or fish", e.args[0])
	}
	return e.print(script)
}

// completeVerb is what the scripts call. It never fails and prints no error, because that would disturb the user's typing.
func completeVerb() verb {
	return verb{noDir: true, Command: &cli.Command{
		Name: "__complete", Hidden: true, ArgsUsage: "words WORD... | bash LINE WORDBREAKS",
	}, run: func(e *env, _ *cli.Context) error {
		text := ""
		switch args := e.args; {
		case len(args) > 1 && args[0] == "words":
			text = shell.Words(e.app, args[1:])
		case len(args) == 3 && args[0] == "bash":
			text = shell.Bash(e.app, args[1], args[2])
		}
		_ = e.print(text)
		return nil
	}}
}
