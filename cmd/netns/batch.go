package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/urfave/cli/v2"
)

const batchFlag = "batch"

// batch runs each line of a file, or of standard input for "-", as a command line, with the options given before it. It
// stops at the first that fails, unless told to go on, and ends with that one's code.
func batch(c *cli.Context) error {
	if c.Context.Value(inBatch{}) != nil {
		return usageError{"--batch cannot be in a batch"}
	}
	file, name := os.Stdin, c.String(batchFlag)
	if name != "-" {
		var err error
		if file, err = os.Open(name); err != nil {
			return fmt.Errorf("batch: %w", err)
		}
		defer file.Close()
	}
	ctx := context.WithValue(untilSignal(c.Context), inBatch{}, true)
	options := inherited(c)
	lines := newLineReader(file)
	code := 0
	for {
		words, err := lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("batch: %s:%d: %w", name, lines.number, err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if len(words) == 0 {
			continue
		}
		failed := runLine(ctx, append(options, words...))
		if failed == 0 {
			continue
		}
		fmt.Fprintf(os.Stderr, "Command failed %s:%d\n", name, lines.number) // in ip's words
		if code == 0 {
			code = failed
		}
		if !c.Bool("force") {
			break
		}
	}
	if code != 0 {
		return codedError{errors.New(""), code} // said already
	}
	return nil
}

// inBatch marks the context of a line.
type inBatch struct{}

// inherited returns the options of a batch that are for its lines as well.
func inherited(c *cli.Context) []string {
	args := []string{os.Args[0], "--dir=" + runDir(c)}
	for _, name := range []string{"verbose", "quiet", "json", "pretty"} {
		if c.Bool(name) {
			args = append(args, "--"+name)
		}
	}
	return args[:len(args):len(args)]
}

// runLine runs a command line and returns its exit code. One that would take netns's place gets a process of its own.
func runLine(ctx context.Context, args []string) int {
	app := newApp()
	_, verb, err := arrange(app, args)
	if err == nil && verb != "" && (app.Command(verb) == nil || runsCommand[verb]) {
		cmd := exec.Command("/proc/self/exe", args[1:]...)
		cmd.Args[0] = args[0]
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := cmd.Run(); cmd.ProcessState == nil {
			fmt.Fprintf(os.Stderr, "%s: batch: %v\n", app.Name, err)
			return codeFailed
		}
		return endOf(cmd.ProcessState)
	}
	return runCommand(ctx, app, args)
}

// A lineReader reads lines as ip -batch does: a backslash at the end of one continues it in the next, # begins a comment,
// and a word in quotes of either kind may contain blanks.
type lineReader struct {
	scanner *bufio.Scanner
	number  int // of the line read last
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{scanner: bufio.NewScanner(r)} }

// next returns the words of the next line, or io.EOF.
func (r *lineReader) next() ([]string, error) {
	line := ""
	for more := true; more; {
		if !r.scanner.Scan() {
			if err := r.scanner.Err(); err != nil || line == "" {
				return nil, cmp.Or(err, io.EOF)
			}
			break
		}
		r.number++
		var part string
		part, more = strings.CutSuffix(r.scanner.Text(), `\`)
		line += part
	}
	return split(line)
}

// split returns the words of a line.
func split(line string) (words []string, err error) {
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || line[0] == '#' {
			return words, nil
		}
		end := strings.IndexAny(line, " \t\r")
		if quote := line[0]; quote == '\'' || quote == '"' {
			line = line[1:]
			if end = strings.IndexByte(line, quote); end < 0 {
				return nil, usageError{"a quoted word has no end"}
			}
			words, line = append(words, line[:end]), line[end+1:]
			continue
		}
		if end < 0 {
			end = len(line)
		}
		words, line = append(words, line[:end]), line[end:]
	}
}
