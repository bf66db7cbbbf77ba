package term

import "testing"

func TestPrintable(t *testing.T) {
	for name, want := range map[string]string{
		"a b": "a b", "ä": "ä", "a\nb": `"a\nb"`, "\x1b[1m": `"\x1b[1m"`, "\xff": `"\xff"`, "": `""`, "\u202e": `"\u202e"`,
	} {
		if got := Printable(name); got != want {
			t.Errorf("%q is shown as %s, want %s", name, got, want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{"a-b.c": "a-b.c", "ä": "ä", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'", "~": "'~'", "": "''"} {
		if got := ShellWord(word); got != want {
			t.Errorf("%q is typed as %s, want %s", word, got, want)
		}
	}
}
