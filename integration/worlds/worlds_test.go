//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	machine "github.com/netns-go/netns/internal/world"
)

// Each override names existing rows, each at most once.
func TestOverridesNameVerbs(t *testing.T) {
	for _, w := range worlds {
		for _, o := range w.but {
			for _, name := range strings.Split(o.verbs, ", ") {
				if !slices.ContainsFunc(verbs, func(v verb) bool { return v.name == name }) {
					t.Errorf("%s: no row %q", w.name, name)
				}
			}
			if o.why == "" {
				t.Errorf("%s: %s: no reason", w.name, o.verbs)
			}
		}
	}
}

func TestJudge(t *testing.T) {
	ns := thing{inode: 1, mounts: 1}
	for _, c := range []struct {
		what          string
		verb          verb
		want          expectation
		got           answer
		before, after directory
		wrong         string // or "" if nothing is
	}{
		{"made", verb{adds: "n", codes: exit(0)}, expectation{codes: exit(0)}, answer{}, directory{}, directory{"n": ns}, ""},
		{"not made", verb{adds: "n", codes: exit(0)}, expectation{codes: exit(0)}, answer{}, directory{}, directory{}, "LEFT: n"},
		{"a file alone", verb{adds: "n", codes: exit(0)}, expectation{codes: exit(0)}, answer{}, directory{}, directory{"n": {}}, "LEFT: n"},
		{"failed, and left something", verb{adds: "n", codes: exit(0)}, expectation{codes: exit(1)}, answer{Code: 1}, directory{},
			directory{"n": {}}, "LEFT: n"},
		{"deleted", verb{removes: "n", codes: exit(0)}, expectation{codes: exit(0)}, answer{}, directory{"n": ns}, directory{}, ""},
		{"not deleted", verb{removes: "n", codes: exit(0)}, expectation{codes: exit(0)}, answer{}, directory{"n": ns}, directory{"n": ns}, "LEFT: n"},
		{"another was deleted", verb{removes: "n", codes: exit(0)}, expectation{codes: exit(0)}, answer{}, directory{"n": ns, "m": ns},
			directory{}, "LEFT: m"},
		{"mounted twice", verb{codes: exit(0)}, expectation{codes: exit(0)}, answer{}, directory{"n": ns},
			directory{"n": {inode: 1, mounts: 2}}, "LEFT: n"},
		{"another namespace", verb{codes: exit(0)}, expectation{codes: exit(0)}, answer{}, directory{"n": ns},
			directory{"n": {inode: 2, mounts: 1}}, "LEFT: n"},
		{"recover removed a file of its world's", verb{args: "recover", codes: exit(0)}, expectation{codes: exit(8)}, answer{Code: 8},
			directory{"n": {}}, directory{}, ""},
		{"recover removed the machine's", verb{args: "recover", codes: exit(0)}, expectation{codes: exit(8)}, answer{Code: 8},
			directory{late: {}}, directory{}, "LEFT: late"},
		{"a dry run removed it", verb{args: "recover --dry-run", codes: exit(0)}, expectation{codes: exit(8)}, answer{Code: 8},
			directory{"n": {}}, directory{}, "LEFT: n"},
		{"another code", verb{codes: exit(0)}, expectation{codes: exit(6, 8)}, answer{Code: 1}, nil, nil, "want exit code 6 or 8"},
		{"no name for it", verb{codes: exit(0)}, expectation{exit(6), "CAP_KILL"}, answer{6, "", "no"}, nil, nil, "does not name CAP_KILL"},
		{"a name for it", verb{codes: exit(0)}, expectation{exit(6), "CAP_KILL"}, answer{6, "", "it takes CAP_KILL"}, nil, nil, ""},
		{"a crash", verb{codes: exit(0)}, expectation{codes: exit(2)}, answer{2, "", "goroutine 1 [running]"}, nil, nil, "Go's own words"},
		{"a name is missing", verb{check: "names", codes: exit(0)}, expectation{codes: exit(0)}, answer{0, "a\n", ""}, directory{"a": ns, "b": {}},
			directory{"a": ns, "b": {}}, "it printed"},
		{"no JSON", verb{check: "json", codes: exit(0)}, expectation{codes: exit(0)}, answer{0, "[{", ""}, nil, nil, "no JSON"},
	} {
		wrong := strings.Join(judge(&c.verb, c.want, c.got, c.before, c.after), "; ")
		if (wrong == "") != (c.wrong == "") || !strings.Contains(wrong, c.wrong) {
			t.Errorf("%s: %q, want %q", c.what, wrong, c.wrong)
		}
	}
}

// The program must find a command that removes hidden names, or kills processes of others.
func TestWorldsFindHarm(t *testing.T) {
	machine.NeedRoot(t)
	dir := t.TempDir()
	netns, worlds := machine.Binary(), machine.BuildReplaced(t, ".", nil)
	if netns == "" {
		netns = machine.BuildReplaced(t, "../../cmd/netns", nil)
	}
	for what, c := range map[string]struct{ does, world, verb, found string }{
		"nothing": {"", "^plain$", "^(list -o name|create|recover)$", ""},
		"an unlink of what is hidden": {`[ "$1" = recover ] && rm -f /run/netns/late`, "^container, private$", "^recover$",
			"HARMED: the host's late: its name does not show it any more"},
		"an unmount": {`[ "$1" = verify ] && umount /run/netns/early`, "^plain$", "^verify$", "HARMED: the host's early: its name"},
		"a kill":     {`[ "$1" = pids ] && kill $(` + netns + ` pids early-ip)`, "^plain$", "^pids$", "HARMED: the host's early-ip: its process is gone"},
		"a file":     {`[ "$1" = list ] && : >/run/netns/more`, "^plain$", "^list$", "LEFT: more was not there and is a file"},
		"a process":  {`[ "$1" = list ] && { sleep 60 >/dev/null 2>&1 & }`, "^plain$", "^list$", "it left running: ["},
	} {
		broken := filepath.Join(dir, "broken")
		script := fmt.Sprintf("#!/bin/sh\n%s\nexec %s \"$@\"\n", c.does, netns)
		if err := os.WriteFile(broken, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(worlds, "-binary", broken, "-only", c.world, "-verb", c.verb).CombinedOutput()
		if (err == nil) != (c.found == "") || !strings.Contains(string(out), c.found) {
			t.Errorf("%s: want %q, got %v:\n%s", what, c.found, err, out)
		}
	}
}
