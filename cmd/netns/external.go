package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

// externalPrefix is how the programs on PATH begin that are verbs: netns foo runs netns-foo.
const externalPrefix = "netns-"

// external runs the program on PATH that an unknown verb names. It takes netns's place, and gets what follows the verb.
func external(c *cli.Context) error {
	verb := c.Args().First()
	path, err := exec.LookPath(externalPrefix + verb)
	if strings.Contains(verb, "/") || err != nil { // also one found in a directory that PATH gives as .
		return unknownVerb(c, verb)
	}
	if os.Geteuid() == 0 {
		if err := checkTrust(path); err != nil {
			return fmt.Errorf("%s: %w; as root, only what nobody else could have written is run", printable(verb), err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("%s: %w", printable(verb), err)
	}
	env := append(os.Environ(), "NETNS_BIN="+self, dirVar+"="+runDir(c))
	err = unix.Exec(path, append([]string{path}, c.Args().Tail()...), env)
	return fmt.Errorf("%s: %w", printable(path), err)
}

// checkTrust checks a file, and every link and directory on the way to it. Since nobody but root and the caller can then make
// its path lead to another one, a program is executed by that. A descriptor would do no more: the interpreter of a script
// opens that by its path in any case, and $0 and the name that ps shows would be a number.
func checkTrust(path string) error {
	f, err := netns.OpenTrusted(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// externals returns the verbs that are programs on PATH, in its order; as in external, each directory has to be absolute.
func externals(app *cli.App) []string {
	var found []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		paths, err := filepath.Glob(filepath.Join(dir, externalPrefix+"*"))
		if err != nil || !filepath.IsAbs(dir) {
			continue
		}
		for _, path := range paths {
			verb := strings.TrimPrefix(filepath.Base(path), externalPrefix)
			if first, err := exec.LookPath(externalPrefix + verb); err == nil && first == path && findVerb(app, verb) == nil {
				found = append(found, verb)
			}
		}
	}
	return found
}
