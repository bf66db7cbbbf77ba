package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// batch runs each line of a file, or of standard input for "-", as a command line, with the options of the batch. It stops at
// the first line that fails, unless goOn, and ends with the code of that line. RunLine returns the exit code of a line.
func batch(e *env, name string, goOn bool, runLine func(context.Context, []string) int) (err error) {
	if e.inBatch {
		return usagef("--batch cannot be in a batch")
	}
	file := os.Stdin
	if name != "-" {
		if file, err = os.Open(name); err != nil {
			return fmt.Errorf("batch: %w", err)
		}
		defer file.Close()
	}
	runtime.UnlockOSThread() // a line that becomes another program has a process of its own, see package start
	options := e.inherited()
	lines := lineReader{scanner: bufio.NewScanner(file)}
	var first error
	for first == nil || goOn {
		words, err := lines.next()
		switch {
		case err == io.EOF:
			return first
		case err != nil:
			return fmt.Errorf("batch: %s:%d: %w", name, lines.number, err)
		case e.ctx.Err() != nil:
			return context.Cause(e.ctx)
		case len(words) == 0:
			continue
		}
		if code := runLine(e.ctx, append(options, words...)); code != 0 {
			fmt.Fprintf(os.Stderr, "Command failed %s:%d\n", name, lines.number) // in ip's words
			first = cmp.Or(first, reported(code))
		}
	}
	return first
}

// inherited returns the program's name and the options of a batch, with which each line begins.
func (e *env) inherited() []string {
	args := []string{os.Args[0], "--dir=" + e.path}
	for option, set := range map[string]bool{"--verbose": e.verbose, "--quiet": e.quiet, "--json": e.json, "--pretty": e.pretty} {
		if set {
			args = append(args, option)
		}
	}
	return slices.Clip(args)
}

// A lineReader reads lines as ip -batch does: a backslash at the end of a line continues it, # begins a comment, and a word in
// quotes of either kind may contain blanks.
type lineReader struct {
	scanner *bufio.Scanner
	number  int // of the last line
}

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
