package shell

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// What a verb's arguments are is read from its usage, so these are of every kind that a usage has.
func TestCompletions(t *testing.T) {
	bin, run, pid := t.TempDir(), t.TempDir(), strconv.Itoa(os.Getpid())
	t.Setenv("PATH", bin)
	t.Setenv("NETNS_RUN_DIR", run)
	for path, mode := range map[string]os.FileMode{
		bin + "/netns-zap": 0o755, bin + "/netns-not": 0o644, bin + "/netns-list": 0o755, run + "/a": 0o644, run + "/-b": 0o644,
	} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	app := &cli.App{Name: "netns", Flags: []cli.Flag{&cli.StringFlag{Name: "dir", TakesFile: true}}}
	all := []cli.Flag{&cli.BoolFlag{Name: "all"}, &cli.StringFlag{Name: "kind", Usage: "`KIND`: one, two or three"}}
	app.Commands = []*cli.Command{
		{Name: "list"}, {Name: "hidden", Hidden: true},
		{Name: "attach", ArgsUsage: "NAME PID"}, {Name: "identify", ArgsUsage: "[PID]"}, {Name: "set", ArgsUsage: "NAME ID|auto"},
		{Name: "delete", ArgsUsage: "NAME...", Flags: all}, {Name: "exec", ArgsUsage: "NAME [--] COMMAND [ARGUMENT...]", Flags: all},
	}
	app.HideHelp = true
	app.Setup()
	for line, want := range map[string]string{
		"":                       "attach identify set delete exec list zap",
		"attach ":                "",
		"attach x ":              pid,
		"identify ":              pid,
		"identify 1 ":            "",
		"set ":                   "a",
		"set a ":                 "auto",
		"set a 1 ":               "",
		"delete ":                "a",
		"delete -- ":             "a -b",
		"delete -- -b ":          "a",
		"delete --all ":          "",
		"d ":                     "a",
		"delete --kind ":         "one two three",
		"delete --kind=":         "--kind=one --kind=two --kind=three",
		"delete --kind two ":     "a",
		"--kind two delete ":     "a",
		"exec ":                  "a",
		"exec a ":                "command 2",
		"exec a -x ":             "command 2",
		"exec a ls --dir ":       "command 2",
		"exec a -- ls -- ":       "command 3",
		"exec -- -b -- ls ":      "command 4",
		"exec --all ":            "command 2",
		"exec --all -- ":         "command 3",
		"exec --dir /x a ls ":    "command 4",
		"--dir ":                 "directories",
		"delete --dir /nowhere ": "",
		"delete --nope ":         "a",
		"nope ":                  "",
		"netns delete ":          "a",
		"list ":                  "",
	} {
		got := completions(app, strings.Split(line, " "))
		var words []string
		if got.directories {
			words = append(words, "directories")
		}
		if got.command > 0 {
			words = append(words, "command", strconv.Itoa(got.command))
		}
		for _, word := range got.words {
			words = append(words, word.text)
		}
		wanted := strings.Fields(want)
		if want == pid && slices.Contains(words, pid) {
			continue // one of many
		}
		slices.Sort(words)
		slices.Sort(wanted)
		if !slices.Equal(words, wanted) {
			t.Errorf("%q: got %q, want %q", line, words, wanted)
		}
	}
}
