package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func init() { register(versionCommand) }

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:        "version",
		Usage:       "print the version, the commit it was built from, and the Go version",
		Description: "   netns version",
		Action:      printVersion,
	}
}

func printVersion(c *cli.Context) error {
	if c.Command.Name == "version" && c.Args().Present() {
		return usageError{"version: takes no words; see netns version --help"}
	}
	version, commit := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = " commit " + s.Value
			}
		}
	}
	text := fmt.Sprintf("netns %s%s %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return output(c, text, "standard output could not be written")
}
