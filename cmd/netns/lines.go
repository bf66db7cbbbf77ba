package main

import (
	"bytes"
	"io"
	"sync"
)

// A lineWriter writes whole lines, each with a prefix, to where others do so as well.
type lineWriter struct {
	mu     *sync.Mutex // those others', too
	to     io.Writer
	prefix string
	rest   []byte // the beginning of a line
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

// flush ends the last line, if it has no end.
func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		_, _ = w.Write([]byte("\n")) // whoever does not read any more does not miss it
	}
}
