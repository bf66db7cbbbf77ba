package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/netns-go/netns/cmd/netns/internal/inside"
	"github.com/netns-go/netns/cmd/netns/internal/line"
	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/netns-go/netns/cmd/netns/internal/start"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/persist"
)

// external becomes the program on PATH that an unknown verb names, with the arguments after the verb.
func external(e *env) error {
	verb := e.args[0]
	path, err := exec.LookPath(line.ExternalPrefix + verb)
	if strings.Contains(verb, "/") || err != nil { // including when a relative directory of PATH has it (exec.ErrDot)
		return line.UnknownVerb(e.app, verb)
	}
	if os.Geteuid() == 0 {
		// Afterwards only root and the caller can make the path lead to another file, so the program is executed by its path. A
		// descriptor would be no safer: the interpreter of a script opens the script by its path, and $0 and the name in ps would
		// be a number.
		f, err := persist.OpenTrusted(path)
		if err != nil {
			return fmt.Errorf("%s: %w; as root, netns runs only programs that no other user could have written", term.Printable(verb), err)
		}
		f.Close()
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("%s: %w", term.Printable(verb), err)
	}
	signals.HandOn()
	err = inside.Execve(path, append([]string{path}, e.args[1:]...), inside.Environment("NETNS_BIN="+self, start.DirVar+"="+e.path))
	return fmt.Errorf("%s: %w", term.Printable(path), err)
}
