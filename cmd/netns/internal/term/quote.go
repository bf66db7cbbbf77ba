// Package term writes for a terminal: text without control characters, tables, and a bar that shows the progress of long work.
package term

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns a name as it can be shown. A name that could control a terminal or break a line is quoted.
func Printable(name string) string {
	if name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// ShellWord returns a word as it has to be typed in a shell.
func ShellWord(word string) string {
	isPlain := func(r rune) bool {
		return r >= 0x80 || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./,:=@%+", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !isPlain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Escaped returns a text in which each unprintable character is one of Go's escapes.
func Escaped(text string) string {
	if quoted := strconv.Quote(text); Printable(text) == quoted {
		return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	}
	return text
}
