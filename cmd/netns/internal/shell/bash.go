package shell

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// A bashLine is a command line of bash as far as the cursor.
type bashLine struct {
	words  []string // without their quotes
	starts []int    // where each begins in the line
	quote  byte     // the quote that is open at the end, or 0
	kept   int      // how many bytes of the last word readline keeps; it replaces the rest
}

// parseBash reads a line as bash does, without expansions. The characters of breaks end a word for readline, see
// COMP_WORDBREAKS in bash(1).
func parseBash(line, breaks string) bashLine {
	var b bashLine
	inWord := false
	for i := 0; i < len(line); i++ {
		c := line[i : i+1]
		if b.quote == 0 && strings.Contains(" \t\n", c) {
			inWord = false
			continue
		}
		if !inWord {
			b.begin(i)
			inWord = true
		}
		word := &b.words[len(b.words)-1]
		switch {
		case b.quote == 0 && (c == `"` || c == "'"):
			b.quote, b.kept = c[0], len(*word)
		case c[0] == b.quote:
			b.quote, b.kept = 0, len(*word)
		case c == `\` && b.quote != '\'':
			if i++; i < len(line) {
				if b.quote == '"' && !strings.Contains("\"\\$`", line[i:i+1]) {
					*word += c
				}
				*word += line[i : i+1]
			}
		default:
			*word += c
			if b.quote == 0 && strings.Contains(breaks, c) {
				b.kept = len(*word)
			}
		}
	}
	if !inWord {
		b.begin(len(line))
	}
	return b
}

func (b *bashLine) begin(at int) {
	b.words, b.starts, b.kept = append(b.words, ""), append(b.starts, at), 0
}

// Bash returns the completions of a command line, of which the first word is the program's name. Each line of the result is a
// text with which readline can replace the end of the last word, quoted as that word is. Unlike other shells, bash neither
// selects nor quotes.
func Bash(app *cli.App, line, breaks string) string {
	b := parseBash(line, breaks)
	if len(b.words) < 2 {
		return ""
	}
	answer := completions(app, b.words[1:])
	switch {
	case answer.directories:
		return "\tdirectories\n"
	case answer.command > 0:
		return "\tcommand\t" + line[b.starts[answer.command+1]:] + "\n"
	}
	last := b.words[len(b.words)-1]
	var text strings.Builder
	for _, word := range answer.words {
		if !strings.HasPrefix(word.text, last) || b.quote == '"' && strings.Contains(word.text, "!") {
			continue // an exclamation mark in double quotes means history, even if it is quoted
		}
		text.WriteString(bashQuoted(word.text[b.kept:], b.quote) + "\n")
	}
	return text.String()
}

// bashQuoted returns a text as it has to be typed inside a quote, or outside of quotes if that is 0.
func bashQuoted(text string, quote byte) string {
	if quote == '\'' {
		return strings.ReplaceAll(text, "'", `'\''`)
	}
	var quoted strings.Builder
	for i := range len(text) {
		c := text[i : i+1]
		if quote == '"' && strings.Contains("\"\\$`", c) || quote == 0 && c[0] < 0x80 && !plainInBash(c[0]) {
			quoted.WriteByte('\\')
		}
		quoted.WriteString(c)
	}
	return quoted.String()
}

func plainInBash(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || strings.Contains("-_./,:=@%+^", string(c))
}
