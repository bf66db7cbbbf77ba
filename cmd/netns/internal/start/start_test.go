package start

import (
	"strings"
	"testing"
)

// A child is started for a command line that will make namespaces, and for no other.
func TestMakesNamespaces(t *testing.T) {
	for args, want := range map[string]bool{
		"create a": true, "add a": true, "create a b c": true, "create -q a": true, "add a --verbose": true,
		"": false, "create": false, "add": false, "create -q": false, "create --help": false, "create a --dry-run": false,
		"create --nope a": false, "create a/b": false, "create .": false, "list": false, "exec a true": false, "netns add a": false,
	} {
		if got := makesNamespaces(append([]string{"netns"}, strings.Fields(args)...)); got != want {
			t.Errorf("%q: %v, want %v", args, got, want)
		}
	}
}
