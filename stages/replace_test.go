//go:build linux

package stages

import (
	"errors"
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"github.com/netns-go/netns/persist"
)

// Replace takes the place of a namespace. It leaves what Delete refuses without force, and with Force takes the place of that
// too.
func TestReplace(t *testing.T) {
	world.Clean(t)
	const foreign = persist.DefaultDir + "/foreign"
	made := func(name string, replace, force bool) (*os.File, error) {
		plan := &Plan{Names: []string{name}, Steps: []Step{Loopback()}, Replace: replace, Force: force}
		ns, err := New(t.Context(), "", plan)
		if err == nil {
			t.Cleanup(func() { ns.Close() })
		}
		return ns, err
	}
	first, err := made("ours", false, false)
	if err != nil {
		t.Fatal(err)
	}
	second, err := made("ours", true, false)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := stat(t, first), stat(t, second); os.SameFile(a, b) {
		t.Error("not replaced")
	}
	if err := os.WriteFile(foreign, nil, 0); err != nil { // another tool may be about to mount on it
		t.Fatal(err)
	}
	var busy *persist.BusyError
	if _, err := made("foreign", true, false); !errors.As(err, &busy) {
		t.Error(err)
	}
	if _, err := made("foreign", true, true); err != nil {
		t.Error(err)
	}
	store, err := persist.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, name := range []string{"ours", "foreign"} {
		if err := store.Delete(t.Context(), name, false); err != nil {
			t.Error(err)
		}
	}
}

func stat(t *testing.T, f *os.File) os.FileInfo {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info
}
