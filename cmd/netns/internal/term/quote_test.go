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
