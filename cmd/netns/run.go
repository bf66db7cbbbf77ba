package main

import (
	"fmt"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/inside"
	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/urfave/cli/v2"
)

func runVerb() verb {
	return verb{noDir: true, Command: &cli.Command{
		Name:      "run",
		Usage:     "run a command in a fresh namespace that is gone afterwards",
		ArgsUsage: "[--] COMMAND [ARGUMENT...]",
		Description: "The namespace has no name, and ends with the command and the processes that it started. Its lo is up and\n" +
			"verified. If CAP_SYS_ADMIN, CAP_NET_ADMIN or CAP_NET_RAW is missing, the command runs as root of a user\n" +
			"namespace. The exit codes are those of netns exec.\n\n   netns run ip address\n" +
			"   netns run --address 10.1.2.3/32 -- make test",
		Flags: append(setupFlags(), commandFlags()...),
	}, run: func(e *env, o *cli.Context) error {
		if len(e.args) == 0 {
			return usagef("run: no command given; see netns run --help")
		}
		setup, err := setupOptions(e, o, nil)
		if err != nil {
			return err
		}
		options, err := commandOptions(o)
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		err = netns.Unshare(setup)
		switch {
		case is[*netns.PrivilegeError](err):
			return runAsRoot(o.IsSet("user") || o.IsSet("group"), err)
		case err != nil:
			return advise(fmt.Errorf("run: %w", err), nil)
		}
		return runFresh(e, options)
	}}
}

// runFresh becomes the command in the new namespace of the calling thread.
func runFresh(e *env, o inside.Options) error {
	if !o.NetOnly {
		if err := inside.FitMounts("run", "", e.quiet); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	o.Env = append(inside.TakeOver(), o.Env...)
	return commandError("run", inside.Become(inside.NewCommand(e.args), o))
}

// runAsRoot runs the same command line in a user namespace, after the kernel has refused it without one.
func runAsRoot(asUser bool, refused error) error {
	if asUser {
		return advise(fmt.Errorf("run: %w; netns would run the command in a user namespace, but --user and --group do not work there, "+
			"because that user namespace has only root", refused), nil)
	}
	code, err := inside.AgainAsRoot()
	switch {
	case is[signals.Error](err):
		return codedError{fmt.Errorf("run: %w", err), exitCode(err)}
	case err != nil:
		return advise(fmt.Errorf("run: %w; %w", refused, err), nil)
	case code != 0:
		return reported(code)
	}
	return nil
}
