package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Each verb's help has an example, which is a command line of that verb.
func TestEveryVerbHasAnExample(t *testing.T) {
	for _, verb := range newApp(false).VisibleCommands() {
		_, examples, ok := strings.Cut("\n\n"+verb.Description, "\n\n   ")
		if !ok || !strings.Contains(" "+strings.ReplaceAll(examples, "\n", " ")+" ", "netns "+verb.Name+" ") {
			t.Errorf("%s: no example in %q", verb.Name, verb.Description)
		}
		if verb.Usage == "" || strings.HasSuffix(verb.Usage, ".") {
			t.Errorf("%s: usage %q", verb.Name, verb.Usage)
		}
	}
}

// The manual, of which the manual page is made, has each verb and each option.
func TestManualIsComplete(t *testing.T) {
	manual, err := os.ReadFile("../../docs/netns.md")
	if err != nil {
		t.Fatal(err)
	}
	app := newApp(false)
	flags := app.Flags
	for _, verb := range app.VisibleCommands() {
		if !strings.Contains(string(manual), "`"+verb.Name) {
			t.Errorf("no verb %s", verb.Name)
		}
		flags = append(flags, verb.Flags...)
	}
	for _, flag := range flags {
		documented := func(name string) bool {
			return strings.Contains(string(manual), "`-"+name) || strings.Contains(string(manual), "--"+name)
		}
		if !slices.ContainsFunc(flag.Names(), documented) {
			t.Errorf("no option %q", flag.Names())
		}
	}
}
