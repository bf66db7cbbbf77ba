//go:build linux

package persist

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func TestTrust(t *testing.T) {
	world.Need(t)
	base := t.TempDir() // /tmp/…: sticky, and what is in it is ours
	mkdir := func(path string, mode os.FileMode, uid int) string {
		t.Helper()
		path = base + "/" + path
		if err := errors.Join(os.Mkdir(path, 0o755), os.Chmod(path, mode), os.Lchown(path, uid, 0)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(path, target string, uid int) string {
		t.Helper()
		path = base + "/" + path
		if err := errors.Join(os.Symlink(target, path), os.Lchown(path, uid, 0)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mkdir("ours", 0o755, 0)
	mkdir("open", 0o777, 0)
	mkdir("sticky", 0o777|os.ModeSticky, 0)
	mkdir("theirs", 0o755, 1000)
	mkdir("their-sticky", 0o777|os.ModeSticky, 1000)
	mkdir("group", 0o775, 0)
	mkdir("root-group", 0o775, 0) // whose bits are the mask of an ACL, if there is one
	if err := os.Lchown(base+"/group", 0, 1000); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"ours", "open", "sticky", "theirs", "their-sticky", "group", "root-group"} {
		mkdir(dir+"/netns", 0o755, 0)
	}
	link("link", "ours", 0)
	link("their-link", "ours", 1000)
	link("through", base+"/open/../ours", 0)
	link("loop", "loop", 0)
	for path, trusted := range map[string]bool{
		"ours/netns": true, "sticky/netns": true, "link/netns": true, "ours/../sticky/netns": true,
		"open/netns": false, "theirs/netns": false, "their-sticky/netns": false, "group/netns": false,
		"root-group/netns": false, "root-group": false,
		"their-link/netns": false, "through/netns": false, "open": false, "sticky": false, "theirs": false,
	} {
		var trust *TrustError
		err := checkTrust(base + "/" + path)
		if trusted && err != nil || !trusted && !errors.As(err, &trust) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := checkTrust(base + "/loop/netns"); !errors.Is(err, unix.ELOOP) {
		t.Errorf("loop: %v", err)
	}
	if err := checkTrust(base + "/nope/netns"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nope: %v", err)
	}

	// At the end of a path, only OpenTrusted follows a link.
	link("theirs/out", "../ours", 1000)
	link("end", "ours/netns", 0)
	link("by-theirs", "theirs/out", 0)
	link("their-end", "ours", 1000)
	f, err := OpenTrusted(base + "/end")
	if err != nil {
		t.Fatal(err)
	}
	if same, err := os.Stat(base + "/ours/netns"); err != nil || f.Name() != base+"/ours/netns" || !isSame(t, f, same) {
		t.Errorf("%s, %v", f.Name(), err)
	}
	f.Close()
	for _, path := range []string{"by-theirs", "their-end", "open/netns", "sticky"} {
		var trust *TrustError
		if _, err := OpenTrusted(base + "/" + path); !errors.As(err, &trust) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := checkTrust(base + "/by-theirs"); err != nil {
		t.Error(err)
	}

	// Prepare and Open make, mount and remove nothing in an untrusted directory.
	for _, dir := range []string{"open/netns", "open/new", "theirs/new"} {
		var trust *TrustError
		if _, err := Prepare(t.Context(), base+"/"+dir); !errors.As(err, &trust) {
			t.Errorf("Prepare %s: %v", dir, err)
		}
		if _, err := Open(base + "/" + dir); !errors.As(err, &trust) {
			t.Errorf("Open %s: %v", dir, err)
		}
	}
	if _, err := os.Lstat(base + "/open/new"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func checkTrust(path string) error {
	_, _, err := walk(path, false)
	return err
}

func isSame(t *testing.T, f *os.File, info os.FileInfo) bool {
	t.Helper()
	opened, err := os.Stat(sys.FdPath(f))
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(opened, info)
}

// The number that stands for users without a number is trusted only if no user has it.
func TestInMap(t *testing.T) {
	for uidMap, mapped := range map[string]bool{
		"         0          0 4294967295\n": true,
		"0 1000 1\n":                         false,
		"0 100000 65534\n":                   false,
		"0 100000 65535\n":                   true,
		"0 1000 1\n1 100000 65536\n":         true,
		"65534 7 1\n":                        true,
		"65535 7 10\n":                       false,
		"":                                   false,
		"0 1000\n":                           true,
	} {
		if got := inMap([]byte(uidMap), overflowUID); got != mapped {
			t.Errorf("%q: %v", uidMap, got)
		}
	}
}
