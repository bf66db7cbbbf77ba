package commandline

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// With an option that asks for the version, netns prints the version and runs no verb.
func TestVersionRunsNoVerb(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	want := world.Netns(t, "version").Stdout
	for _, args := range []string{"--version", "-V delete x", "delete x --version", "--version -b /nope"} {
		if r := world.Netns(t, strings.Fields(args)...); r.Stdout != want {
			t.Errorf("%s: %v", args, r)
		}
	}
	world.Netns(t, "delete", "x")
}

// netns suggests the nearest right word for a wrong one.
func TestSuggestions(t *testing.T) {
	for args, want := range map[string]string{
		"creat x": `did you mean "create"?`, "lisst": `did you mean "list"?`, "recovr": `did you mean "recover"?`,
		"list --otput json": `did you mean "--output"?`, "create --adress 10.0.0.1/8 x": `did you mean "--address"?`,
		"--verbos create x": `did you mean "--verbose"?`,
	} {
		world.Sh(t, "netns "+args).Want(t, 2, want)
	}
	if r := world.Run(t, "netns", "zzz"); strings.Contains(r.Stderr, "did you mean") {
		t.Error(r)
	}
}
