package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

// An everywhere is a command to be run in many namespaces, each by a netns exec of its own.
type everywhere struct {
	children *children
	args     []string // of netns, up to the name
	command  []string

	mu   sync.Mutex // held to write, and for the code
	code int        // the largest
}

func execAll(c *cli.Context, o commandOptions, command []string) error {
	if len(command) == 0 {
		return usageError{"exec: no command given; see netns exec --help"}
	}
	names, err := enterable(c)
	if err != nil {
		return advise(fmt.Errorf("exec: %w", err), nil)
	}
	e := &everywhere{
		children: newChildren(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT),
		args:     append(sameOptions(c), "--"), command: command,
	}
	if jobs := c.Int("jobs"); jobs > 1 {
		e.inParallel(names, jobs)
	} else if err := e.inTurn(names, c.Bool("quiet")); err != nil {
		return err
	}
	if err := e.children.signalled(); err != nil {
		return codedError{fmt.Errorf("exec: %w", err), exitCode(err)}
	}
	if e.code != 0 {
		return codedError{errors.New(""), e.code} // said already
	}
	return nil
}

// enterable returns the names of the namespaces that can be entered, and says which cannot.
func enterable(c *cli.Context) (names []string, err error) {
	for e, err := range netns.List(runDir(c)) {
		if err != nil {
			return nil, err
		}
		if e.State == netns.Ready || e.State == netns.Kept {
			names = append(names, e.Name)
		} else if !c.Bool("quiet") {
			fmt.Fprintf(os.Stderr, "netns: exec: %s is skipped: %s\n", printable(e.Name), e.State)
		}
	}
	return names, nil
}

// sameOptions returns the arguments for a netns exec as this one was asked for, but for --all and --jobs.
func sameOptions(c *cli.Context) []string {
	args := []string{"--dir", runDir(c), "exec"}
	for _, name := range []string{"user", "group", "workdir"} {
		if c.IsSet(name) {
			args = append(args, "--"+name, c.String(name))
		}
	}
	for _, setting := range c.StringSlice("env") {
		args = append(args, "--env", setting)
	}
	if c.Bool("net-only") {
		args = append(args, "--net-only")
	}
	return args
}

func (e *everywhere) inTurn(names []string, quiet bool) error {
	for _, name := range names {
		if e.children.signalled() != nil {
			break
		}
		if !quiet {
			if _, err := fmt.Printf("\nnetns: %s\n", printable(name)); err != nil {
				return fmt.Errorf("exec: standard output could not be written: %w", err)
			}
		}
		e.run(name, os.Stdin, os.Stdout, os.Stderr)
	}
	return nil
}

func (e *everywhere) inParallel(names []string, jobs int) {
	todo := make(chan string)
	var workers sync.WaitGroup
	for range min(jobs, len(names)) {
		workers.Go(func() {
			for name := range todo {
				prefix := printable(name) + ": "
				stdout := &lineWriter{mu: &e.mu, to: os.Stdout, prefix: prefix}
				stderr := &lineWriter{mu: &e.mu, to: os.Stderr, prefix: prefix}
				e.run(name, nil, stdout, stderr)
				stdout.flush()
				stderr.flush()
			}
		})
	}
	for _, name := range names {
		todo <- name
	}
	close(todo)
	workers.Wait()
}

func (e *everywhere) run(name string, stdin io.Reader, stdout, stderr io.Writer) {
	args := append(append(e.args[:len(e.args):len(e.args)], name, "--"), e.command...)
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	code, err := e.children.run(cmd)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil && e.children.signalled() == nil {
		code = codeExec
		fmt.Fprintf(os.Stderr, "netns: exec: %s: %v\n", printable(name), err)
	}
	e.code = max(e.code, code)
}
