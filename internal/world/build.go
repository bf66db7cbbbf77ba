package world

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

const (
	// binaryVar names the command under test.
	binaryVar = "NETNS_TEST_BINARY"
	// ownBinary is the world's copy of the command under test.
	ownBinary = Scratch + "/bin/netns"
)

// Binary returns the path of the command under test.
func Binary() string { return os.Getenv(binaryVar) }

// CommandMain is [Main] for tests of the command. It builds the command first, unless NETNS_TEST_BINARY names it.
func CommandMain(m *testing.M) int {
	playRole()
	switch {
	case Inside():
		if err := copyBinary(); err != nil {
			fmt.Println(err)
			return 1
		}
	case Binary() == "":
		dir, err := os.MkdirTemp("", "netns-test")
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary := filepath.Join(dir, "netns")
		build := exec.Command("go", "build", "-trimpath", "-tags", "urfave_cli_no_docs", "-o", binary,
			"github.com/netns-go/netns/cmd/netns")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Printf("build: %v\n%s", err, out)
			return 1
		}
		os.Setenv(binaryVar, binary)
	}
	return Main(m)
}

// copyBinary copies the command to a place where every user can run it: only its owner can enter most home directories, like
// root's.
func copyBinary() error {
	if Binary() == ownBinary { // a test has started this program again
		return nil
	}
	program, err := os.ReadFile(Binary())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(ownBinary), 0o755); err != nil {
		return err
	}
	os.Setenv(binaryVar, ownBinary)
	return os.WriteFile(ownBinary, program, 0o755)
}

// BuildReplaced builds a package as the command is built, with some of its source files replaced by others, and returns the
// program's path. It needs no world.
func BuildReplaced(t testing.TB, pkg string, replace map[string]string) string {
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
	if os.Getenv("SUDO_UID") != "" { // root must not write into the user's cache
		cmd.Env = append(cmd.Env, "GOCACHE="+filepath.Join(os.TempDir(), "netns-test-cache"))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// TempDir returns a new directory on the world's own tmpfs, so that even a killed test leaves nothing.
func TempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(Scratch, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Build builds a program and returns its path. The arguments are those of go build, the package last. The user who called
// sudo builds it, if there is one, because files of root in that user's cache would break the next build.
func Build(t testing.TB, args ...string) string {
	t.Helper()
	dir := TempDir(t)
	output := filepath.Join(dir, "program")
	last := len(args) - 1
	flags := append([]string{"build"}, args[:last]...)
	cmd := exec.Command("go", append(flags, "-trimpath", "-buildvcs=false", "-o", output, args[last])...)
	cmd.Env = os.Environ()
	if u, err := user.LookupId(os.Getenv("SUDO_UID")); err == nil && os.Geteuid() == 0 {
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "HOME="+u.HomeDir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
	return output
}
