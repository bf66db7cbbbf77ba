package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

// batch runs each line of a file, or of standard input for "-", as a command line, with the options of the batch. It stops at
// the first line that fails, unless goOn, and ends with the code of that line. RunLine returns the exit code of a line.
func batch(e *env, name string, goOn bool, runLine func(context.Context, []string) int) error {
	if e.inBatch {
		return usagef("--batch cannot be in a batch")
	}
	if name == "-" {
		return e.runLines(os.Stdin, name, goOn, runLine)
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	defer file.Close()
	return e.runLines(file, name, goOn, runLine)
}

func (e *env) runLines(file *os.File, name string, goOn bool, runLine func(context.Context, []string) int) error {
	options := e.inherited()
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
		if e.ctx.Err() != nil {
			return context.Cause(e.ctx)
		}
		if len(words) == 0 {
			continue
		}
		failed := runLine(e.ctx, append(options, words...))
		if failed == 0 {
			continue
		}
		fmt.Fprintf(os.Stderr, "Command failed %s:%d\n", name, lines.number) // in ip's words
		if code == 0 {
			code = failed
		}
		if !goOn {
			break
		}
	}
	if code != 0 {
		return reported(code)
	}
	return nil
}

// inherited returns the program's name and the options of a batch, with which each line begins.
func (e *env) inherited() []string {
	args := []string{os.Args[0], "--dir=" + e.path}
	for _, option := range []struct {
		name string
		set  bool
	}{{"verbose", e.verbose}, {"quiet", e.quiet}, {"json", e.json}, {"pretty", e.pretty}} {
		if option.set {
			args = append(args, "--"+option.name)
		}
	}
	return args[:len(args):len(args)]
}

// A lineReader reads lines as ip -batch does: a backslash at the end of a line continues it, # begins a comment, and a word in
// quotes of either kind may contain blanks.
type lineReader struct {
	scanner *bufio.Scanner
	number  int // of the last line
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{scanner: bufio.NewScanner(r)} }

// next returns the words of the next line, or io.EOF.
func (r *lineReader) next() ([]string, error) {
	text := ""
	for more := true; more; {
		if !r.scanner.Scan() {
			if err := r.scanner.Err(); err != nil || text == "" {
				return nil, cmp.Or(err, io.EOF)
			}
			break
		}
		r.number++
		var part string
		part, more = strings.CutSuffix(r.scanner.Text(), `\`)
		text += part
	}
	return split(text)
}

// split returns the words of a line.
func split(text string) (words []string, err error) {
	for {
		text = strings.TrimLeft(text, " \t\r")
		if text == "" || text[0] == '#' {
			return words, nil
		}
		end := strings.IndexAny(text, " \t\r")
		if quote := text[0]; quote == '\'' || quote == '"' {
			text = text[1:]
			if end = strings.IndexByte(text, quote); end < 0 {
				return nil, usagef("missing closing quote")
			}
			words, text = append(words, text[:end]), text[end+1:]
			continue
		}
		if end < 0 {
			end = len(text)
		}
		words, text = append(words, text[:end]), text[end:]
	}
}
