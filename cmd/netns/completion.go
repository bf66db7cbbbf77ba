package main

import (
	"embed"
	"fmt"

	"github.com/urfave/cli/v2"
)

func init() { register(completionCommand) }

//go:embed scripts
var scripts embed.FS

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that lets a shell complete netns",
		ArgsUsage: "bash|zsh|fish",
		Description: "It completes verbs, options, their values, the names of namespaces, processes and, after exec, other\n" +
			"commands with their own completion. For the running shell, of bash, zsh (after compinit) and fish:\n\n" +
			"   source <(netns completion bash)\n   source <(netns completion zsh)\n   netns completion fish | source",
		Action: completion,
	}
}

func completion(c *cli.Context) error {
	shell := c.Args().First()
	if c.NArg() != 1 {
		return usageError{"completion: takes the name of one shell: bash, zsh or fish"}
	}
	switch shell {
	case "bash", "zsh", "fish":
	default:
		return usageError{fmt.Sprintf("completion: unknown shell %q; there is bash, zsh or fish", shell)}
	}
	script, err := scripts.ReadFile("scripts/netns." + shell)
	if err != nil {
		return err
	}
	return output(c, string(script), "standard output could not be written")
}
