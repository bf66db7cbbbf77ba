//go:build all

package install

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// contents maps the files below a directory to their modes and contents.
func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, root)] = fmt.Sprintf("%v %s", info.Mode(), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestInstall(t *testing.T) {
	world.Clean(t)
	if world.Shared() {
		return // the mount of /run makes no difference, and each build takes time
	}
	// Two installs, each from its own build, into directories with a space in their names.
	var trees []map[string]string
	runMake := func(target, build, dest string) world.Result {
		// The make that runs this test would pass on its variables.
		return world.Run(t, "env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-C", "../..", "--no-print-directory", target, "BUILD="+build, "DESTDIR="+dest, "PREFIX=/usr").Want(t, 0)
	}
	for _, name := range []string{"a b", "c d"} {
		build, dest := t.TempDir(), filepath.Join(t.TempDir(), name)
		runMake("install", build, dest)
		trees = append(trees, contents(t, dest))
		if name == "a b" {
			checkInstalled(t, dest+"/usr")
		}
		os.WriteFile(dest+"/usr/share/man/man8/other.8", nil, 0o644)
		runMake("uninstall", build, dest)
		if left := contents(t, dest); len(left) != 1 {
			t.Errorf("make uninstall left %q", left)
		}
		os.Remove(dest + "/usr/share/man/man8/other.8")
		runMake("uninstall", build, dest)
		if left := world.Files(t, dest); len(left) > 0 {
			t.Errorf("make uninstall left %q", left)
		}
	}
	for path, first := range trees[0] {
		if trees[1][path] != first || len(trees[1]) != len(trees[0]) {
			t.Errorf("%s is not the same at a second install", path)
		}
	}
}

func checkInstalled(t *testing.T, usr string) {
	t.Helper()
	for path, mode := range map[string]fs.FileMode{
		"bin/netns": 0o755, "share/man/man8/netns.8.gz": 0o644, "share/doc/netns/copyright": 0o644,
		"share/bash-completion/completions/netns": 0o644, "share/zsh/vendor-completions/_netns": 0o644,
		"share/fish/vendor_completions.d/netns.fish": 0o644, "lib/tmpfiles.d/netns.conf": 0o644,
	} {
		if info, err := os.Stat(filepath.Join(usr, path)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	checkDocs(t, usr+"/share/doc/netns")
	world.Run(t, usr+"/bin/netns", "version").Want(t, 0)
	if r := world.Run(t, usr+"/bin/netns", "man"); r.Code != 2 {
		t.Errorf("the installed command has a verb that only the build needs: %v", r)
	}
	copyright, err := os.ReadFile(usr + "/share/doc/netns/copyright")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"github.com/hashicorp/go-multierror@v", "Mozilla Public License, version 2.0",
		"=== The Go runtime", "Copyright (c) 2022 urfave/cli maintainers", "github.com/moby/sys/reexec v", "golang.org/x/sys v"} {
		if !strings.Contains(string(copyright), want) {
			t.Errorf("copyright has no %q", want)
		}
	}
	checkManPage(t, usr+"/share/man/man8/netns.8.gz")
}

// checkDocs checks that the documents in docs are installed, and the documents above docs to which they link.
func checkDocs(t *testing.T, dir string) {
	t.Helper()
	docs, err := filepath.Glob("../../docs/*")
	if err != nil || len(docs) == 0 {
		t.Fatal(docs, err)
	}
	for _, path := range append(docs, "../../README.md", "../../CHANGELOG.md", "../../SECURITY.md") {
		path = strings.TrimPrefix(path, "../../")
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode() != 0o644 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

func checkManPage(t *testing.T, path string) {
	t.Helper()
	cmd := exec.Command("man", "--warnings", "-l", path)
	cmd.Env = append(os.Environ(), "MANWIDTH=80", "LC_ALL=C.UTF-8", "MANROFFOPT=-ww")
	page := world.Finish(t, cmd).Want(t, 0)
	if page.Stderr != "" {
		t.Error(page)
	}
	for _, want := range []string{"netns - persistent", "SYNOPSIS", "netns create [OPTION...] NAME...", "EXIT STATUS", "network_namespaces(7)",
		"--if-not-exists", "       124    Timed ", "           netns exec demo ip address\n", "NETNS_RUN_DIR"} {
		if !strings.Contains(page.Stdout, want) {
			t.Errorf("the page has no %q:\n%s", want, page.Stdout)
		}
	}
	if strings.Contains(page.Stdout, "__complete") {
		t.Error("the page shows a hidden verb")
	}
	// go-md2man writes each paragraph on one line.
	lint := world.Run(t, "sh", "-c", `gunzip -c "$1" >/run/netns.8; mandoc -T lint /run/netns.8; rm /run/netns.8`, "sh", path)
	for line := range strings.Lines(lint.Stdout) {
		if !strings.Contains(line, "input text line longer than 80 bytes") {
			t.Error(line)
		}
	}
}
