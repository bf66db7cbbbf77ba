package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(runVerb) }

func runVerb() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run a command in a fresh namespace that is gone afterwards",
		ArgsUsage: "[--] COMMAND [ARGUMENT...]",
		Description: "The namespace has no name, and ends with the command and what that started. Its lo is up and verified.\n" +
			"Without CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW it is made in a user namespace, in which the caller is root.\n" +
			"The exit code is that of netns exec.\n\n   netns run ip address\n   netns run --address 10.1.2.3/32 -- make test",
		Flags:  append(setupFlags(), commandFlags()...),
		Action: func(c *cli.Context) error { return failsAs(codeExec, runFresh(c)) },
	}
}

func runFresh(c *cli.Context) error {
	command := c.Args().Slice()
	if len(command) == 0 {
		return usageError{"run: no command given; see netns run --help"}
	}
	setup, err := setupOptions(c)
	if err == nil {
		err = netns.Check(nil, setup)
	}
	var how commandOptions
	if err == nil {
		how, err = readCommandOptions(c)
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	err = netns.Unshare(setup)
	var privilege *netns.PrivilegeError
	if errors.As(err, &privilege) {
		return runInUserNamespace(c, err)
	}
	if err != nil {
		return advise(fmt.Errorf("run: %w", err), nil)
	}
	if !how.netOnly {
		if err := leaveMounts(); err != nil {
			return fmt.Errorf("run: %w", err)
		}
		err := replaceSys()
		if errors.Is(err, fs.ErrPermission) { // in a container whose /sys is covered in part; less is lost than won
			if !c.Bool("quiet") {
				fmt.Fprintf(os.Stderr, "netns: run: /sys remains the caller's: %v\n", err)
			}
		} else if err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	if err := how.apply(); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return become("run", command)
}
