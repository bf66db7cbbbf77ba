package main

import (
	"strings"
	"testing"
)

// Each verb's help has an example, which is a command line of that verb.
func TestEveryVerbHasAnExample(t *testing.T) {
	for _, verb := range newApp().VisibleCommands() {
		_, examples, ok := strings.Cut("\n\n"+verb.Description, "\n\n   ")
		if !ok || !strings.Contains(" "+strings.ReplaceAll(examples, "\n", " ")+" ", "netns "+verb.Name+" ") {
			t.Errorf("%s: no example in %q", verb.Name, verb.Description)
		}
		if verb.Usage == "" || strings.HasSuffix(verb.Usage, ".") {
			t.Errorf("%s: usage %q", verb.Name, verb.Usage)
		}
	}
}
