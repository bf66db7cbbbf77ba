//go:build linux

package netns_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(world.Main(m)) }

// open opens a run directory until the end of the test.
func open(t testing.TB, path string) *netns.Dir {
	t.Helper()
	dir, err := netns.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return dir
}

func create(t *testing.T, name string) *netns.Namespace {
	t.Helper()
	ns, err := netns.New(t.Context(), name, netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

func remove(t *testing.T, ns *netns.Namespace, name string) {
	t.Helper()
	if err := ns.Close(); err != nil {
		t.Error(err)
	}
	if err := netns.Delete(t.Context(), name, netns.DeleteOptions{MustExist: true}); err != nil {
		t.Error(err)
	}
}

// names fails the test unless the run directory has exactly these names.
func names(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got, err := open(t, dir).Names(); err != nil || !slices.Equal(got, want) {
		t.Errorf("names %q, %v; want %q", got, err, want)
	}
}

// erase deletes a namespace, and fails the test if it is missing.
func erase(t *testing.T, dir, name string) {
	t.Helper()
	if err := open(t, dir).Delete(t.Context(), name, netns.DeleteOptions{MustExist: true}); err != nil {
		t.Error(err)
	}
}

func current(t *testing.T) string {
	t.Helper()
	ns, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

// threads returns the number of threads of this process.
func threads(t *testing.T) int { return len(world.Files(t, "/proc/self/task")) }

// cookie returns the kernel's number of the network namespace of a socket.
func cookie(t *testing.T, socket syscall.Conn) uint64 {
	t.Helper()
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var id uint64
	controlErr := raw.Control(func(fd uintptr) {
		id, err = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	})
	if err := errors.Join(err, controlErr); err != nil {
		t.Fatal(err)
	}
	return id
}

// The README shows the program in integration/examples/embed, which other tests compile.
func TestReadmeShowsTheProgram(t *testing.T) {
	program, err := os.ReadFile("integration/examples/embed/main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+string(program)+"```\n") {
		t.Error("README.md and integration/examples/embed/main.go differ")
	}
}
