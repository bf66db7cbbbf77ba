// Netns makes, lists, enters and deletes persistent network namespaces, as ip netns does, but complete or not at all.
package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/line"
	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/netns-go/netns/cmd/netns/internal/start"
	"github.com/urfave/cli/v2"
)

func main() {
	signals.Respect()
	if start.Failure != nil {
		os.Exit(said(failsAs(codeExec, execError(start.FailedName, start.Failure))))
	}
	code := runCommand(context.Background(), newApp(false), os.Args)
	os.Exit(code)
}

func verbs() []verb {
	return append([]verb{
		createVerb("add", "create without printing anything, like ip netns add"), attachVerb(), completionVerb(), completeVerb(),
		createVerb("create", "make namespaces: complete, with lo up and verified, or not at all"), deleteVerb(), execVerb(),
		identifyVerb(), inspectVerb(), listVerb(), listIDVerb(), monitorVerb(), pidsVerb(), recoverVerb(), runVerb(), setVerb(),
		verifyVerb(), versionVerb(),
	}, buildVerbs...)
}

// runCommand runs a command line, of which the first word is the program's name, reports an error, and returns the exit code.
func runCommand(ctx context.Context, app *cli.App, args []string) int {
	args, verb, err := line.Arrange(app, args)
	if err == nil {
		err = start.Poller()
	}
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	if line.RunsCommand(verb) {
		err = failsAs(codeExec, err)
	}
	return said(err)
}

// runLine runs a line of a batch and returns its exit code. A line that becomes another program runs in a process of its own.
func runLine(ctx context.Context, args []string) int {
	app := newApp(true)
	_, verb, err := line.Arrange(app, args)
	if err == nil && verb != "" && (app.Command(verb) == nil || line.RunsCommand(verb)) {
		cmd := exec.Command("/proc/self/exe", args[1:]...)
		cmd.Args[0], cmd.Env = args[0], append(os.Environ(), signals.Setting())
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := cmd.Run(); cmd.ProcessState == nil {
			fmt.Fprintf(os.Stderr, "%s: batch: %v\n", app.Name, err)
			return codeFailed
		}
		return signals.ExitCode(cmd.ProcessState)
	}
	return runCommand(ctx, app, args)
}

// globalFlags are the options that all verbs share.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{
			Name: "dir", Value: netns.DefaultDir, EnvVars: []string{start.DirVar},
			Usage: "the run directory, which holds the names", TakesFile: true,
		},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "show each stage of create, with the time that it took"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print only errors"},
		&cli.BoolFlag{Name: "json", Aliases: []string{"j"}, Usage: "print JSON; list and list-id use ip's keys"},
		&cli.BoolFlag{Name: "pretty", Aliases: []string{"p"}, Usage: "indent the JSON"},
		&cli.StringFlag{Name: "batch", Aliases: []string{"b"}, Usage: "run each line of `FILE` as a command line; - is standard input"},
		&cli.BoolFlag{Name: "force", Usage: "with --batch, go on after a line that failed"},
		&cli.BoolFlag{Name: "version", Aliases: []string{"V"}, Usage: "print the version"},
	}
}

// newApp returns the command, or the one for a line of a batch.
func newApp(inBatch bool) *cli.App {
	app := &cli.App{
		Name:  "netns",
		Usage: "persistent network namespaces, made completely or not at all",
		Description: "`netns create NAME` makes a network namespace whose lo is up, has its addresses and answers a ping. If any step\n" +
			"fails, netns rolls back. `netns VERB --help` explains a verb. A verb's options, such as -o, may stand before it.",
		Flags:  globalFlags(),
		Before: func(c *cli.Context) error { return checkGlobal(newEnv(c, inBatch, false), c) },
		Action: func(c *cli.Context) error {
			switch {
			case c.IsSet("batch"):
				return batch(newEnv(c, inBatch, true), c.String("batch"), c.Bool("force"), runLine)
			case c.Args().Present():
				return external(newEnv(c, inBatch, false))
			}
			return listVerb().call(newEnv(c, inBatch, false), c)
		},
	}
	for _, v := range verbs() {
		if v.formats != nil {
			v.Flags = append(v.Flags, outputFlag(v.formats))
		}
		v.Action = func(c *cli.Context) error { return v.call(newEnv(c, inBatch, v.finishes), c) }
		app.Commands = append(app.Commands, v.Command)
	}
	line.Prepare(app)
	return app
}

// call runs a verb, after the checks that all verbs share.
func (v verb) call(e *env, o *cli.Context) (err error) {
	if v.ArgsUsage == "" && len(e.args) > 0 {
		if !line.IgnoresWords(v.Name) || o.IsSet("output") { // ip has no such -o
			return usagef("%s: takes no names; see netns %s --help", v.Name, v.Name)
		}
		e.ignore(e.args)
	}
	if e.format, err = formatOf(e, o.String("output"), v.formats); err != nil {
		return err
	}
	if !v.noDir {
		if e.dir, err = netns.OpenDir(e.path); err != nil {
			return advise(fmt.Errorf("%s: %w", v.Name, err), nil)
		}
		defer e.dir.Close()
	}
	return v.run(e, o)
}

// checkGlobal checks the options that stand before the verb, and prints the version.
func checkGlobal(e *env, o *cli.Context) error {
	switch words := e.args; {
	case o.Bool("version"):
		return cmp.Or(printVersion(e), reported(0)) // any error keeps the library from running a verb
	case o.IsSet("batch") && len(words) > 0:
		return codedError{usagef("--batch takes no verb; put verbs and their options in the file"), codeUsage}
	case o.IsSet("force") && !o.IsSet("batch"):
		return usagef("--force: only delete and --batch have this option")
	case len(words) > 1 && words[0] == "help":
		return checkHelp(e, words[1:])
	}
	return nil
}

// checkHelp checks the words behind help. The library explains a verb of netns; an external one explains itself.
func checkHelp(e *env, words []string) error {
	switch {
	case len(words) > 1:
		return usagef("help: takes one verb")
	case e.app.Command(words[0]) == nil:
		e.args = []string{words[0], "--help"}
		return external(e)
	}
	return nil
}
