package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func versionVerb() verb {
	return verb{noDir: true, Command: &cli.Command{
		Name:        "version",
		Usage:       "print the version of netns, its commit, and the version of Go",
		Description: "   netns version",
	}, run: func(e *env, _ *cli.Context) error { return printVersion(e) }}
}

func printVersion(e *env) error {
	version, commit := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = " commit " + s.Value
			}
		}
	}
	return e.print(fmt.Sprintf("netns %s%s %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH))
}
