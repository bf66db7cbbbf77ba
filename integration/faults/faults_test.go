//go:build all && amd64

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needRoot skips a test that makes namespaces. In CI that is a failure.
func needRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") != "":
		t.Fatal("needs root")
	default:
		t.Skip("needs root")
	}
}

// build builds a package of this module, with some source files replaced by others, and returns the program.
func build(t *testing.T, pkg string, replace map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	overlay, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "program")
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-overlay", overlay, "-tags", "urfave_cli_no_docs", "-o", program, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if os.Getenv("SUDO_UID") != "" { // not into the user's own cache, as root
		cmd.Env = append(cmd.Env, "GOCACHE="+filepath.Join(os.TempDir(), "netns-test-cache"))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// edited returns a source file's path, and that of a copy in which some text is replaced.
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

// publishCases are those in which something has a name and something fails.
const publishCases = `^create one: child: (linkat|mount) `

func runCases(t *testing.T, binary, only string) (out string, ok bool) {
	t.Helper()
	cmd := exec.Command(build(t, ".", nil), "-v", "-binary", binary, "-only", only)
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

// What nobody can be made to break finds nothing either: without the undo of publish, the matrix must fail.
func TestMatrixFindsAMissingUndo(t *testing.T) {
	needRoot(t)
	broken := build(t, "../../cmd/netns",
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

// A call before which its caller is killed is not made, and one after which it is killed is: else the matrix would
// break something else than it says.
func TestMatrixHitsWhatItAimsAt(t *testing.T) {
	needRoot(t)
	out, ok := runCases(t, build(t, "../../cmd/netns", nil), publishCases)
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

// An error message that lacks its errno is found, too.
func TestMatrixFindsAWrongMessage(t *testing.T) {
	needRoot(t)
	const line = `err = NeedsProc(explainMount("mount", c.store.Path(name), err))`
	broken := build(t, "../../cmd/netns",
		edited(t, "../../persist/claim.go", line, "if err != nil {\n err = unix.ENODEV\n }\n"+line))
	out, ok := runCases(t, broken, `^create one: child: mount .*ENOMEM`)
	if ok || !strings.Contains(out, `WRONG: create one: child: mount /run/netns/a 0x1000, 1: ENOMEM: `) {
		t.Errorf("nothing found:\n%s", out)
	}
}
