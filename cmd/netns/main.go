// Netns makes, lists, enters and deletes persistent network namespaces, as ip netns does, but complete or not at all.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/early"
	"github.com/urfave/cli/v2"
)

// verbs make the subcommands. Each registers itself when its file is initialised.
var verbs []func() *cli.Command

func register(verb func() *cli.Command) { verbs = append(verbs, verb) }

func main() {
	ctx := context.Background()
	if early.End != nil {
		ctx = untilSignal(ctx)
	}
	code := runCommand(ctx, newApp(), os.Args)
	if early.End != nil {
		early.End()
	}
	os.Exit(code)
}

// runCommand runs a command line, of which the first word is the program's name, says what went wrong, and returns the
// exit code.
func runCommand(ctx context.Context, app *cli.App, args []string) int {
	args, verb, err := arrange(app, args)
	if err == nil {
		err = startPoller()
		if err != nil && runsCommand[verb] {
			err = failsAs(codeExec, err)
		}
	}
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	return said(err)
}

// said says what went wrong, if anything, and returns the exit code.
func said(err error) int {
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(os.Stderr, "netns: %s\n", escaped(adviseFiles(text, err)))
	}
	return exitCode(err)
}

func newApp() *cli.App {
	var commands []*cli.Command
	for _, verb := range verbs {
		c := verb()
		c.HideHelpCommand = true // or a namespace could not be called "help"
		c.OnUsageError = onUsageError
		commands = append(commands, c)
	}
	slices.SortFunc(commands, func(a, b *cli.Command) int { return strings.Compare(a.Name, b.Name) })
	app := &cli.App{
		Name:  "netns",
		Usage: "persistent network namespaces: complete, or not there at all",
		Description: "An interface lo that is up, addressed and answers an echo: `netns create NAME` makes a network\n" +
			"namespace that has it, or fails and leaves nothing. `netns VERB --help` explains a verb.",
		Commands:    commands,
		HideVersion: true, // -v is for verbose
		// A sysctl's value may contain commas.
		DisableSliceFlagSeparator: true,
		OnUsageError:              onUsageError,
		ExitErrHandler:            func(*cli.Context, error) {}, // main does it
		Flags: []cli.Flag{
			&cli.StringFlag{
				Name: "dir", Value: netns.DefaultDir, EnvVars: []string{dirVar},
				Usage: "the run directory, where the names are", TakesFile: true,
			},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "show each stage as it passes, with its time"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print nothing but errors"},
			&cli.BoolFlag{Name: "json", Aliases: []string{"j"}, Usage: "print JSON, with ip's keys where ip netns has them"},
			&cli.BoolFlag{Name: "pretty", Aliases: []string{"p"}, Usage: "print JSON in lines, indented"},
			&cli.StringFlag{Name: batchFlag, Aliases: []string{"b"}, Usage: "run the lines of `FILE`, each a command line; - is standard input"},
			&cli.BoolFlag{Name: "force", Usage: "go on after a line of --batch that failed"},
			&cli.BoolFlag{Name: "version", Aliases: []string{"V"}, Usage: "print the version"},
		},
		Before: func(c *cli.Context) error {
			words := c.Args().Slice()
			switch {
			case c.Bool("version"):
				return cmp.Or(printVersion(c), error(codedError{errors.New(""), 0})) // and no verb is run
			case c.IsSet(batchFlag) && len(words) > 0:
				return usageError{"--batch takes no verb, nor a verb's options: the lines of the file have them"}
			case len(words) > 1 && words[0] == "help" && c.App.Command(words[1]) == nil:
				return unknownVerb(c, words[1])
			case len(words) > 2 && words[0] == "help":
				return usageError{"help: takes one verb"}
			}
			return nil
		},
		Action: func(c *cli.Context) error {
			switch {
			case c.IsSet(batchFlag):
				return batch(c)
			case c.Args().Present():
				return external(c)
			}
			return list(c)
		},
	}
	// The library has no other way to come by what is only looked for when the help is printed.
	app.ExtraInfo = func() map[string]string { return map[string]string{"external": strings.Join(externals(app), ", ")} }
	app.CustomAppHelpTemplate = cli.AppHelpTemplate + `{{with index ExtraInfo "external"}}
EXTERNAL COMMANDS (netns-NAME on PATH):
   {{.}}
{{end}}`
	return app
}

// dirVar is the variable of the environment that names the run directory where no option does.
const dirVar = "NETNS_RUN_DIR"

// runDir returns the run directory. One that is set to nothing is not set.
func runDir(c *cli.Context) string { return cmp.Or(c.String("dir"), netns.DefaultDir) }

func envDir() string { return cmp.Or(os.Getenv(dirVar), netns.DefaultDir) }
