package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/signals"
	"github.com/netns-go/netns/cmd/netns/internal/term"
)

// An everywhere runs a command in many namespaces, each by a netns exec of its own.
type everywhere struct {
	children *signals.Children
	args     []string // the arguments of netns before the name
	command  []string

	mu   sync.Mutex // guards what is written, and code
	code int        // the largest
}

var errNoCommand = usagef("exec: no command given; see netns exec --help")

// execAll runs a command in all namespaces, in this many at a time, with these arguments of netns.
func execAll(e *env, args []string, jobs int) error {
	if len(e.args) == 0 {
		return errNoCommand
	}
	names, err := enterable(e)
	if err != nil {
		return advise(fmt.Errorf("exec: %w", err), nil)
	}
	all := &everywhere{children: signals.NewChildren(), args: append(args, "--"), command: e.args}
	if jobs > 1 {
		all.inParallel(names, jobs)
	} else if err := all.inTurn(e, names); err != nil {
		return err
	}
	if err := all.children.Err(); err != nil {
		return codedError{fmt.Errorf("exec: %w", err), exitCode(err)}
	}
	if all.code != 0 {
		return reported(all.code)
	}
	return nil
}

// enterable returns the names of the namespaces that can be entered, and reports the others.
func enterable(e *env) (names []string, err error) {
	for entry, err := range e.dir.List() {
		if err != nil {
			return nil, err
		}
		if entry.State == netns.Ready || entry.State == netns.Kept {
			names = append(names, entry.Name)
		} else if !e.quiet {
			fmt.Fprintf(os.Stderr, "netns: %s: %s is skipped: %s\n", e.verb, term.Printable(entry.Name), entry.State)
		}
	}
	return names, nil
}

func (all *everywhere) inTurn(e *env, names []string) error {
	for _, name := range names {
		if all.children.Err() != nil {
			break
		}
		if !e.quiet {
			if err := e.print("\nnetns: " + term.Printable(name) + "\n"); err != nil {
				return codedError{fmt.Errorf("exec: %w", err), codeExec}
			}
		}
		all.run(name, os.Stdin, os.Stdout, os.Stderr)
	}
	return nil
}

func (all *everywhere) inParallel(names []string, jobs int) {
	todo := make(chan string)
	var workers sync.WaitGroup
	for range min(jobs, len(names)) {
		workers.Go(func() {
			for name := range todo {
				prefix := term.Printable(name) + ": "
				stdout := &lineWriter{mu: &all.mu, to: os.Stdout, prefix: prefix}
				stderr := &lineWriter{mu: &all.mu, to: os.Stderr, prefix: prefix}
				all.run(name, nil, stdout, stderr)
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

func (all *everywhere) run(name string, stdin io.Reader, stdout, stderr io.Writer) {
	args := append(append(all.args[:len(all.args):len(all.args)], name, "--"), all.command...)
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	code, err := all.children.Run(cmd)
	all.mu.Lock()
	defer all.mu.Unlock()
	if err != nil && all.children.Err() == nil {
		code = codeExec
		fmt.Fprintf(os.Stderr, "netns: exec: %s: %v\n", term.Printable(name), err)
	}
	all.code = max(all.code, code)
}

// A lineWriter writes whole lines, each with a prefix, to a file to which other lineWriters write, too.
type lineWriter struct {
	mu     *sync.Mutex // shared by all writers of the file
	to     io.Writer
	prefix string
	rest   []byte // the beginning of the next line
}

func (w *lineWriter) Write(text []byte) (int, error) {
	w.rest = append(w.rest, text...)
	end := bytes.LastIndexByte(w.rest, '\n') + 1
	var whole []byte
	for line := range bytes.Lines(w.rest[:end]) {
		whole = append(append(whole, w.prefix...), line...)
	}
	w.rest = append(w.rest[:0], w.rest[end:]...)
	if len(whole) == 0 {
		return len(text), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.to.Write(whole)
	return len(text), err
}

// flush ends a last line without a newline.
func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		_, _ = w.Write([]byte("\n")) // a reader that is gone misses nothing
	}
}
