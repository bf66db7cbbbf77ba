package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestBatchLines(t *testing.T) {
	const file = "add a\n\n# nothing\n  add 'b c' \"d#\" e#f # g\nset \\\n a 1\nlast"
	reader := lineReader{scanner: bufio.NewScanner(strings.NewReader(file))}
	var got []string
	for {
		words, err := reader.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d%q", reader.number, words))
	}
	want := `1["add" "a"] 2[] 3[] 4["add" "b c" "d#" "e#f"] 6["set" "a" "1"] 7["last"]`
	if strings.Join(got, " ") != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
	reader = lineReader{scanner: bufio.NewScanner(strings.NewReader("add 'a"))}
	if _, err := reader.next(); err == nil {
		t.Error("no error for an open quote")
	}
}
