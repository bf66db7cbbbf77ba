package library

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
)

// The library reports wrong arguments before it changes anything.
func TestLibraryChecksFirst(t *testing.T) {
	var name *netns.NameError
	if err := netns.Check([]string{"a", "a"}, netns.Options{}); !errors.As(err, &name) {
		t.Errorf("the same name twice: %v", err)
	}
	var argument *netns.ArgumentError
	for _, o := range []netns.Options{
		{Addresses: []string{"10.0.0.1"}}, {Sysctls: []string{"net.x"}}, {Steps: []netns.Step{teststage.Step("")}},
	} {
		if err := netns.Create(t.Context(), []string{"a"}, o); !errors.As(err, &argument) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	err := netns.Create(t.Context(), []string{"a"}, netns.Options{Steps: []netns.Step{{Stage: "nope"}}})
	if err == nil || !strings.Contains(err.Error(), `"nope" is not registered`) {
		t.Error(err)
	}
}

// The errors also match the standard ones.
func TestErrorsMatchTheStandardOnes(t *testing.T) {
	world.Clean(t)
	if _, err := netns.Open("nope"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open: %v", err)
	}
	if err := netns.Delete(t.Context(), "nope", netns.DeleteOptions{MustExist: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Delete: %v", err)
	}
	if err := netns.Create(t.Context(), []string{"a"}, netns.Options{}); err != nil {
		t.Fatal(err)
	}
	defer netns.Delete(t.Context(), "a", netns.DeleteOptions{})
	if err := netns.Create(t.Context(), []string{"a"}, netns.Options{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create: %v", err)
	}
}
