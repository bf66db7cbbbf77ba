// Netns makes, lists, enters and deletes persistent network namespaces, as ip netns does, but complete or not at all.
package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

// commands are the subcommands. Each registers itself when its file is initialised.
var commands []*cli.Command

func register(c *cli.Command) {
	c.HideHelpCommand = true // or a namespace could not be called "help"
	c.OnUsageError = onUsageError
	commands = append(commands, c)
}

func main() {
	app := newApp()
	args, err := arrange(app, os.Args)
	if err == nil {
		err = app.Run(args)
	}
	if err == nil {
		return
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(os.Stderr, "%s: %s\n", app.Name, escaped(text))
	}
	os.Exit(exitCode(err))
}

func newApp() *cli.App {
	slices.SortFunc(commands, func(a, b *cli.Command) int { return strings.Compare(a.Name, b.Name) })
	return &cli.App{
		Name:  "netns",
		Usage: "persistent network namespaces: complete, or not there at all",
		Description: "An interface lo that is up, addressed and answers an echo: `netns create NAME` makes a network\n" +
			"namespace that has it, or fails and leaves nothing. `netns VERB --help` explains a verb.",
		Commands:        commands,
		HideVersion:     true, // -v is for verbose
		HideHelpCommand: false,
		// A sysctl's value may contain commas.
		DisableSliceFlagSeparator: true,
		OnUsageError:              onUsageError,
		ExitErrHandler:            func(*cli.Context, error) {}, // main does it
		Flags: []cli.Flag{
			&cli.StringFlag{
				Name: "dir", Value: netns.DefaultDir, EnvVars: []string{"NETNS_RUN_DIR"},
				Usage: "the run directory, where the names are",
			},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "show each stage as it passes, with its time"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print nothing but errors"},
			&cli.BoolFlag{Name: "version", Usage: "print the version"},
		},
		Action: func(c *cli.Context) error {
			switch {
			case c.Bool("version"):
				return printVersion(c)
			case c.Args().Present():
				return usageError{fmt.Sprintf("unknown verb %q; see netns --help", c.Args().First())}
			}
			return list(c)
		},
	}
}

// runDir returns the run directory. One that is set to nothing is not set.
func runDir(c *cli.Context) string { return cmp.Or(c.String("dir"), netns.DefaultDir) }
