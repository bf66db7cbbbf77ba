package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(identifyCommand) }

func identifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "identify",
		Usage:     "the names of a process's namespace",
		ArgsUsage: "[PID]",
		Description: "Without a number, of the namespace that netns is started in. A thread's number will do. Each line is a name;\n" +
			"if there is none, the line is empty, as ip netns identify has it.\n\n   netns identify 1234\n   netns exec demo netns identify",
		Flags:  []cli.Flag{outputFlag("json")},
		Action: identify,
	}
}

func identify(c *cli.Context) error {
	format, err := formatOf(c, "json")
	if err != nil {
		return err
	}
	pid := os.Getpid()
	switch word := c.Args().First(); {
	case c.NArg() > 1:
		return usageError{"identify: takes one process; see netns identify --help"}
	case c.NArg() == 1:
		if pid, err = parsePID(word); err != nil {
			return fmt.Errorf("identify: %w", err)
		}
	}
	names, err := namesOf(runDir(c), pid)
	if err != nil {
		return advise(fmt.Errorf("identify: %w", err), nil)
	}
	if format == "json" {
		text, err := namesJSON(c, names, pid)
		if err != nil {
			return err
		}
		return output(c, text, "standard output could not be written")
	}
	for i, name := range names {
		names[i] = printable(name)
	}
	return output(c, strings.Join(names, "\n")+"\n", "standard output could not be written")
}

func namesOf(dir string, pid int) ([]string, error) {
	ns, err := netns.OpenPID(pid)
	var notExist *netns.NotExistError
	if errors.As(err, &notExist) {
		return nil, codedError{fmt.Errorf("no process or thread has the number %d", pid), codeNotExist}
	}
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	return netns.NamesOf(dir, ns)
}

// A nameJSON is an element of what -o json prints.
type nameJSON struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	Path    string `json:"path"`
	PID     int    `json:"pid"`
}

func namesJSON(c *cli.Context, names []string, pid int) (string, error) {
	list := make([]nameJSON, 0, len(names))
	for _, name := range names {
		list = append(list, nameJSON{jsonVersion, name, filepath.Join(runDir(c), name), pid})
	}
	return jsonText(c, list)
}
