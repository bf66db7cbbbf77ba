package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(deleteCommand) }

func deleteCommand() *cli.Command {
	return &cli.Command{
		Name:        "delete",
		Aliases:     []string{"del", "rm"},
		Usage:       "remove namespaces",
		ArgsUsage:   "NAME...",
		Description: "A failure does not keep the other names from being deleted.\n\n   netns delete demo",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "if-exists", Usage: "a name that is not there is fine"},
			&cli.BoolFlag{Name: "all", Usage: "delete every network namespace that there is"},
			&cli.BoolFlag{Name: "force", Usage: "also what may be mounted in another mount namespace, what another tool " +
				"made a moment ago, or another version of netns"},
		},
		Action: deleteAll,
	}
}

// whatToDelete says what to do about a name that delete leaves alone, by its state.
var whatToDelete = map[netns.State]string{
	netns.Foreign:      "it is no network namespace's; if it is in the way, remove it by hand",
	netns.Elsewhere:    "if nothing needs it there, use --force",
	netns.Incompatible: "use that version, or --force",
}

func deleteAll(c *cli.Context) error {
	names := c.Args().Slice()
	all := c.Bool("all")
	switch {
	case all && len(names) > 0:
		return usageError{"delete: --all takes no names"}
	case !all && len(names) == 0:
		return usageError{"delete: no name given; see netns delete --help"}
	case all:
		entries, err := netns.List(runDir(c))
		if err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		for _, e := range entries {
			switch e.State { // what is not a namespace's, or lives elsewhere, is deleted by name only
			case netns.Ready, netns.Kept, netns.Stale, netns.Unmounted:
				names = append(names, e.Name)
			}
		}
	}
	ctx := untilSignal(c.Context)
	options := netns.DeleteOptions{Dir: runDir(c), Force: c.Bool("force")}
	var first error
	for _, name := range names {
		if ctx.Err() != nil {
			return fmt.Errorf("delete: %w", context.Cause(ctx))
		}
		err := netns.Delete(ctx, name, options)
		var notExist *netns.NotExistError
		if errors.As(err, &notExist) && (all || c.Bool("if-exists")) {
			continue
		}
		if err == nil {
			continue
		}
		if left, lookupErr := netns.Lookup(options.Dir, name); lookupErr == nil && left.State == netns.Stale {
			err = codedError{fmt.Errorf("%w; it is half removed: netns delete removes the rest", err), codeRemains}
		}
		err = advise(fmt.Errorf("delete %s: %w", printable(name), err), whatToDelete)
		if len(names) == 1 {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %v\n", c.App.Name, err)
		if first == nil {
			first = codedError{errors.New(""), exitCode(err)} // said already
		}
	}
	return first
}
