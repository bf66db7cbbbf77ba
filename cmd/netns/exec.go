package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/early"
	"github.com/urfave/cli/v2"
)

func init() {
	// A command becomes of the thread that calls execve. Only from the main one, which this is, does it keep its parent-death
	// signal.
	if startPoller() == nil {
		plainExec(os.Args)
	}
	if early.End == nil { // what makes namespaces becomes no command, and is quicker with free threads
		runtime.LockOSThread()
	}
	register(execCommand)
}

func execCommand() *cli.Command {
	return &cli.Command{
		Name:      "exec",
		Usage:     "run a command inside a namespace",
		ArgsUsage: "NAME [--] COMMAND [ARGUMENT...]",
		Description: "The command takes the place of netns, with /sys of the namespace and /etc/netns/NAME/* over /etc/*, in a\n" +
			"mount namespace of its own. The exit code is the command's; 125 is a failure of netns itself, 126 a command\n" +
			"that cannot be executed, 127 one that is not found.\n\n   netns exec demo ip address\n" +
			"   netns exec --user www-data --workdir /srv demo ./server\n   netns exec --all --jobs 8 -- ping -c 1 192.0.2.1",
		Flags: append(commandFlags(),
			&cli.BoolFlag{Name: "all", Usage: "run it in every namespace, one after the other; takes no NAME"},
			&cli.IntFlag{Name: "jobs", Value: 1, Usage: "with --all, run it in `N` at a time, each line with its NAME before it"},
		),
		Action: func(c *cli.Context) error { return failsAs(codeExec, execute(c)) },
	}
}

func execute(c *cli.Context) error {
	args := c.Args().Slice()
	o, err := readCommandOptions(c)
	switch {
	case err != nil:
		return fmt.Errorf("exec: %w", err)
	case c.IsSet("jobs") && !c.Bool("all"):
		return usageError{"exec: --jobs is for --all"}
	case c.Int("jobs") < 1:
		return usageError{"exec: --jobs must be 1 or more"}
	case c.Bool("all"):
		return execAll(c, o, args)
	case len(args) == 0:
		return usageError{"exec: no name given; see netns exec --help"}
	}
	return execIn(runDir(c), args[0], args[1:], o)
}

// plainExec runs `netns exec [--net-only] NAME COMMAND...`, which scripts run by the thousand, without the command-line
// library: that takes a seventh of the time. It returns if the command line is another one.
func plainExec(args []string) {
	if len(args) < 4 || args[1] != "exec" {
		return
	}
	o := commandOptions{identity: callers}
	args = args[2:]
	if o.netOnly = args[0] == "--net-only"; o.netOnly {
		args = args[1:]
	}
	if name := args[0]; name != "" && name[0] != '-' {
		os.Exit(said(failsAs(codeExec, execIn(envDir(), name, args[1:], o))))
	}
}

// execIn becomes a command in a namespace.
func execIn(dir, name string, command []string, o commandOptions) error {
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		return usageError{"exec: no command given; see netns exec --help"}
	}
	if err := enterNamed(dir, name, o); err != nil {
		return advise(fmt.Errorf("exec %s: %w", printable(name), err), whatToEnter)
	}
	return become("exec", command)
}

// enterNamed puts the calling thread into a namespace, with mounts that fit, as the user and in the directory asked for.
func enterNamed(dir, name string, o commandOptions) error {
	ns, err := netns.Open(dir, name)
	if err != nil {
		return err
	}
	if o.netOnly {
		if err := enter(ns); err != nil {
			return err
		}
		return o.apply()
	}
	var files []etcFile
	for _, step := range []func() error{
		func() error { return enter(ns) },
		leaveMounts,
		// A mount can be cloned only in the mount namespace that it was opened in.
		func() error { files, err = etcFiles(name); return err },
		replaceSys,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	coverEtc(files)
	return o.apply()
}

// whatToEnter says what to do about a name that is no namespace, by its state.
var whatToEnter = map[netns.State]string{
	netns.Stale:        "netns create makes it anew, netns delete removes it",
	netns.Unmounted:    "remove what is left with netns delete",
	netns.Elsewhere:    "enter that mount namespace first",
	netns.Foreign:      "if it is left over, netns delete removes it, or says why not",
	netns.Incompatible: "use that version",
	netns.Unreadable:   "run it with sudo",
}
