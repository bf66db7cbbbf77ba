package shell

import (
	"slices"
	"testing"
)

const wordBreaks = " \t\n\"'@><=;|&(:"

func TestParseBash(t *testing.T) {
	for _, test := range []struct {
		line  string
		words []string
		quote byte
		kept  int
	}{
		{"", []string{""}, 0, 0},
		{"netns ", []string{"netns", ""}, 0, 0},
		{"  netns  de", []string{"netns", "de"}, 0, 0},
		{`a\ b`, []string{"a b"}, 0, 0},
		{`a\`, []string{"a"}, 0, 0},
		{`x "a b`, []string{"x", "a b"}, '"', 0},
		{`x a"b`, []string{"x", "ab"}, '"', 1},
		{`x 'a\b' `, []string{"x", `a\b`, ""}, 0, 0},
		{`x "a\b\"c`, []string{"x", `a\b"c`}, '"', 0},
		{"x --dir=/y", []string{"x", "--dir=/y"}, 0, 6},
		{`x a\:b`, []string{"x", "a:b"}, 0, 0},
		{"x 'a:b", []string{"x", "a:b"}, '\'', 0},
		{`x ''`, []string{"x", ""}, 0, 0},
	} {
		b := parseBash(test.line, wordBreaks)
		if !slices.Equal(b.words, test.words) || b.quote != test.quote || b.kept != test.kept {
			t.Errorf("%s: got %q, %q, %d", test.line, b.words, b.quote, b.kept)
		}
	}
}

// What bashQuoted returns is read as what it was given.
func TestBashQuoted(t *testing.T) {
	const text = "a b\"c'd$e`f\\g~h#i*j(k)ä-_./"
	for _, quote := range []byte{0, '"', '\''} {
		opening := ""
		if quote != 0 {
			opening = string(quote)
		}
		line := opening + bashQuoted(text, quote) + opening
		if b := parseBash(line, ""); len(b.words) != 1 || b.words[0] != text || b.quote != 0 {
			t.Errorf("%s is read as %q", line, b.words)
		}
	}
}
