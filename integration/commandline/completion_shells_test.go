//go:build all

package commandline

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestCompletionZsh(t *testing.T) {
	toComplete(t)
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/_netns", []byte(world.Netns(t, "completion", "zsh").Stdout), 0o644); err != nil {
		t.Fatal(err)
	}
	const compinit = "autoload -U compinit; compinit -u -D; unsetopt beep autoremoveslash"
	loaded := startShell(t, "fpath=("+dir+" $fpath); "+compinit, "zsh", "-f") // as it is installed
	loaded.press(t, map[string][]string{"netns exec dem": {"exec", "demo"}, "netns del": {"delete"}})
	loaded.end()
	s := startShell(t, compinit+"; source <(command netns completion zsh)", "zsh", "-f")
	s.press(t, tabs)
	s.press(t, ownCompletion)
	s.press(t, map[string][]string{"NETNS_RUN_DIR=/run/other netns delete on": {"delete", "one"}})
	if screen := s.end(); strings.Contains(screen, "netns:") || strings.Contains(screen, "zsh:") {
		t.Errorf("an error on the screen:\n%s", screen)
	}
}

func TestCompletionFish(t *testing.T) {
	toComplete(t)
	candidates := func(line string) []string {
		cmd := exec.Command("fish", "--no-config", "-c", "netns completion fish | source; complete -C $argv[1]", line)
		r := world.Finish(t, cmd).Want(t, 0)
		if r.Stderr != "" {
			t.Error(r)
		}
		var words []string
		for line := range strings.Lines(r.Stdout) {
			word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			words = append(words, word)
		}
		return words
	}
	for line, want := range map[string][]string{
		"netns de":                           {"delete"},
		"netns create --if":                  {"--if-not-exists"},
		"netns list --output=j":              {"--output=json"},
		"netns list -o ":                     {"json", "name", "table", "wide"},
		"netns delete demo ":                 {"a b", "c:d", "it's", `x"$y\z`},
		"netns exec it":                      {"it's"},
		"netns create d":                     nil,
		"netns --dir /run/other delete ":     {"one"},
		"NETNS_RUN_DIR=/run/other netns rm ": {"one"},
		"netns --dir /run/oth":               {"/run/other/"},
		"netns list --dir=/run/oth":          {"--dir=/run/other/"},
		"netns exec demo setpri":             {"setpriv"},
		"netns exec 'a b' -- netns del":      {"delete"},
		"netns nope ":                        nil,
	} {
		if got := candidates(line); !slices.Equal(got, want) {
			t.Errorf("%q gives %q, want %q", line, got, want)
		}
	}
}
