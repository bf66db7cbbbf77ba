//go:build all && amd64

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	machine "github.com/netns-go/netns/internal/world"
)

// edited maps a source file's path to that of a copy in which some text is replaced.
func edited(t *testing.T, path, text, instead string) map[string]string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(source, []byte(text)) != 1 {
		t.Fatalf("%s does not contain %q once", path, text)
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(copied, bytes.Replace(source, []byte(text), []byte(instead), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{path: copied}
}

// publishCases matches the cases that fail while a name exists.
const publishCases = `^create one: child: (linkat|mount) `

func runCases(t *testing.T, binary, only string) (out string, ok bool) {
	t.Helper()
	cmd := exec.Command(machine.BuildReplaced(t, ".", nil), "-v", "-binary", binary, "-only", only)
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

// The matrix finds faults: it must fail without the undo of publish.
func TestMatrixFindsAMissingUndo(t *testing.T) {
	machine.NeedRoot(t)
	broken := machine.BuildReplaced(t, "../../cmd/netns",
		edited(t, "../../persist/claim.go", "return c.store.unpublish(name, &st)", "return nil"))
	out, ok := runCases(t, broken, publishCases)
	if ok {
		t.Errorf("nothing found:\n%s", out)
	}
	for _, found := range []string{
		"LEFT: create one: child: mount /run/netns/a 0x1000, 1: ENOMEM: ",
		"LEFT: create one: child: mount /run/netns/a 0x1000, 1: kill before: ",
		"LEFT: create one: child: linkat /run/netns/a, 1: kill after: ",
		"LEFT: create one: child: mount /run/netns/a 0x1000, 1: kill after: ",
	} {
		if !strings.Contains(out, found) {
			t.Errorf("missing %q in:\n%s", found, out)
		}
	}
}

// If the caller is killed before a call, the call is not made; if after it, the call is made. Otherwise the matrix would break something
// else than it prints.
func TestMatrixHitsWhatItAimsAt(t *testing.T) {
	machine.NeedRoot(t)
	out, ok := runCases(t, machine.BuildReplaced(t, "../../cmd/netns", nil), publishCases)
	if !ok {
		t.Errorf("failed:\n%s", out)
	}
	for _, line := range []string{
		"linkat /run/netns/a, 1: kill both before: code 137, {Clean:true ",
		"linkat /run/netns/a, 1: kill both after: code 137, {Clean:false ",
		"mount /run/netns/a 0x1000, 1: kill both before: code 137, {Clean:false ",
		"mount /run/netns/a 0x1000, 1: kill both after: code 137, {Clean:true ",
		"mount /run/netns/a 0x1000, 1: ENOMEM: code 1, {Clean:true ",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("missing %q in:\n%s", line, out)
		}
	}
}

// The matrix also finds an error message without its errno.
func TestMatrixFindsAWrongMessage(t *testing.T) {
	machine.NeedRoot(t)
	const line = `err = NeedsProc(explainMount("mount", c.store.Path(name), err))`
	broken := machine.BuildReplaced(t, "../../cmd/netns",
		edited(t, "../../persist/claim.go", line, "if err != nil {\n err = unix.ENODEV\n }\n"+line))
	out, ok := runCases(t, broken, `^create one: child: mount .*ENOMEM`)
	if ok || !strings.Contains(out, `WRONG: create one: child: mount /run/netns/a 0x1000, 1: ENOMEM: `) {
		t.Errorf("nothing found:\n%s", out)
	}
}
