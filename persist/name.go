package persist

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is NAME_MAX of linux/limits.h, in bytes.
const maxName = 255

// A NameError reports an invalid name: no network namespace can have it, or none should.
type NameError struct {
	Name, Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("invalid name %q: %s", e.Name, e.Reason)
}

// CheckName returns a *[NameError] unless a new network namespace may have this name. A valid name has 1 to 255 bytes of
// UTF-8, has no slashes or control characters, and begins with neither a dot nor a hyphen.
func CheckName(name string) error {
	if err := CheckFileName(name); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(name, "-"):
		return &NameError{name, "it begins with a hyphen and would be taken for an option"}
	case strings.HasPrefix(name, "."):
		return &NameError{name, "it begins with a dot and would be hidden"}
	case !utf8.ValidString(name):
		return &NameError{name, "it is not valid UTF-8"}
	case strings.ContainsFunc(name, unicode.IsControl):
		return &NameError{name, "it contains a control character"}
	}
	return nil
}

// CheckFileName returns a *[NameError] unless a file in the run directory can have this name. Other tools allow more names
// than [CheckName].
func CheckFileName(name string) error {
	switch {
	case name == "":
		return &NameError{name, "it is empty"}
	case len(name) > maxName:
		return &NameError{name, fmt.Sprintf("it has %d bytes, and %d are allowed", len(name), maxName)}
	case name == "." || name == "..":
		return &NameError{name, "it is a directory's"}
	case strings.Contains(name, "/"):
		return &NameError{name, "it contains a slash"}
	case strings.Contains(name, "\x00"):
		return &NameError{name, "it contains a NUL byte"}
	}
	return nil
}
