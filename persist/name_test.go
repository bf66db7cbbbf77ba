package persist

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "0", "a.b", "a b", "ä", strings.Repeat("x", 255), "*", "a-"} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{
		"", ".", "..", ".a", "-", "-a", "/", "a/b", "a\x00", "a\n", "\x7f", "\u0085", "\xff", strings.Repeat("x", 256),
	} {
		var bad *NameError
		if err := CheckName(name); !errors.As(err, &bad) || bad.Name != name || bad.Reason == "" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Any valid name stays in the run directory and on its line of a record.
func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"demo", "..", "a/b", "-x", "\xff", "a\n", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		fileErr, err := CheckFileName(name), CheckName(name)
		if err == nil && fileErr != nil {
			t.Errorf("%q may be made, but not be there: %v", name, fileErr)
		}
		if fileErr == nil && filepath.Join(DefaultDir, name) != DefaultDir+"/"+name {
			t.Errorf("%q leads out of the run directory", name)
		}
		if err == nil && strings.ContainsFunc(name, unicode.IsControl) {
			t.Errorf("%q has a control character", name)
		}
	})
}
