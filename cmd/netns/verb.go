package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/persist"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

// A verb is a subcommand.
type verb struct {
	*cli.Command
	// finishes means that a signal ends the context of the verb, which then rolls back or finishes. A signal ends the process
	// of any other verb at once.
	finishes bool
	noDir    bool     // the verb needs no run directory
	formats  []string // of -o, if the verb has that option
	// run does the verb's work. It reads the verb's own options from o, and nothing else.
	run func(e *env, o *cli.Context) error
}

// buildVerbs are verbs that only the Makefile needs.
var buildVerbs []verb

// An env is what a verb is called with, except its own options.
type env struct {
	ctx     context.Context
	app     *cli.App
	inBatch bool
	verb    string
	args    []string
	path    string // of the run directory, as the user has given it
	dir     *netns.Dir
	out     io.Writer
	format  string // one of the verb's formats, or "" for the default one

	quiet, verbose, json, pretty bool
}

func newEnv(c *cli.Context, inBatch, finishes bool) *env {
	e := &env{
		ctx: c.Context, app: c.App, inBatch: inBatch, verb: c.Command.Name, args: c.Args().Slice(), out: c.App.Writer,
		path:  cmp.Or(c.String("dir"), netns.DefaultDir), // if it is set to nothing, it is not set
		quiet: c.Bool("quiet"), verbose: c.Bool("verbose"), json: c.Bool("json"), pretty: c.Bool("pretty"),
	}
	if finishes && !inBatch { // a batch has such a context already
		e.ctx = signals.Context()
	}
	return e
}

// create makes namespaces in the run directory.
func (e *env) create(names []string, o netns.Options) error {
	if !e.inBatch { // a later line may hand the descriptors on to its command
		// A descriptor that the caller's shell has open (exec 9>lock) would cost the child a second start, see package stages.
		_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) // since Linux 5.11
	}
	return e.dir.Create(e.ctx, names, o)
}

// warnIfHidden warns if a name that was just made shows its namespace in the caller's mount namespace only.
func (e *env) warnIfHidden(name string) {
	if e.quiet {
		return
	}
	store, err := persist.Open(e.path)
	if err != nil {
		return
	}
	defer store.Close()
	if store.HiddenFromInit(name) {
		fmt.Fprintln(os.Stderr, "netns: warning: names made here show their namespaces in this mount namespace only "+
			"(as under ip netns exec, or systemd's PrivateMounts=)")
	}
}

// ignore warns of words that ip ignores too.
func (e *env) ignore(words []string) {
	if len(words) > 0 && !e.quiet {
		text := strings.Join(mapped(words, term.Printable), " ")
		fmt.Fprintf(os.Stderr, "netns: warning: %s: ignored, as by ip netns: %s\n", e.verb, text)
	}
}

// eachName does something for each name of a verb, reports each failure, and goes on. It returns an error with the code of the
// first failure, which has been reported.
func eachName(e *env, do func(name string) error) error {
	var first error
	for _, name := range e.args {
		if err := do(name); err != nil {
			err = advise(fmt.Errorf("%s %s: %w", e.verb, term.Printable(name), err), whatToEnter)
			first = cmp.Or(first, reported(said(err)))
		}
	}
	return first
}
