//go:build linux

package stages

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"github.com/netns-go/netns/persist"
)

// A Factory's child hands over what it has made, from one transaction to the next, and keeps none of it.
func TestFactoryNew(t *testing.T) {
	world.Need(t)
	world.Clean(t)
	f, err := NewFactory("", []Step{Loopback(), Verify()}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{"a", "b"} {
		ns, err := f.New(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer ns.Close()
		got, err := ns.Stat()
		want, wantErr := os.Stat("/run/netns/" + name)
		if err != nil || wantErr != nil || !os.SameFile(got, want) || ns.Name() != "/run/netns/"+name {
			t.Errorf("%s is not what has the name: %v, %v", ns.Name(), err, wantErr)
		}
	}
	var taken *persist.StateError
	if ns, err := f.New(t.Context(), "a"); ns != nil || !errors.As(err, &taken) {
		t.Errorf("a name that exists: %v, %v", ns, err)
	}
	store, err := persist.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, name := range []string{"a", "b"} {
		if err := store.Delete(t.Context(), name, false); err != nil {
			t.Error(err)
		}
	}
}

func TestFactoryClosed(t *testing.T) {
	f, err := NewFactory("", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	f.Close()
	_, newErr := f.New(t.Context(), "a")
	for _, err := range []error{newErr, f.Run(t.Context(), []string{"a"})} {
		if !errors.Is(err, fs.ErrClosed) || err.Error() != "the factory is closed" {
			t.Error(err)
		}
	}
}
