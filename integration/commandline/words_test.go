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

// A boolean with a word behind it would make, or delete, a namespace with that word as its name, and keep the boolean as it is.
func TestBooleansWithAWord(t *testing.T) {
	world.Clean(t)
	for args, want := range map[string]string{
		"create demo --verify false": "--verify=false", "create --loopback no demo": "--loopback=false", "--loopback 0 create demo": "--loopback=false",
		"create demo --if-not-exists True": "--if-not-exists=true", "delete --wait off demo": "--wait=false", "create --verify=no demo": "--verify=false",
	} {
		world.Sh(t, "netns "+args).Want(t, 2, want)
	}
	if left := world.Files(t, "/run/netns"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	world.Netns(t, "create", "-q", "--verify=false", "demo", "false", "--loopback", "--", "no")
	world.Netns(t, "delete", "demo", "false", "no")
	if r := world.Netns(t, "create", "--help"); !strings.Contains(r.Stdout, "--verify[=false] ") || strings.Contains(r.Stdout, "--dry-run[") {
		t.Error(r)
	}
}

// An option that a verb does not have is refused, also if it is one of the command without a verb. Settings of the output are not:
// ip takes them with each verb.
func TestOptionsWithoutMeaning(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "demo")
	defer world.Netns(t, "delete", "--force", "demo")
	for args, code := range map[string]int{
		"list --force": 2, "--force list": 2, "--force": 2, "create --force x": 2, "verify --force demo": 2, "exec --force demo true": 125,
		"list -f": 2, "list --wait": 2,
	} {
		if r := world.Sh(t, "netns "+args).Want(t, code); r.Stdout != "" || strings.Contains(r.Stderr, `mean "--force"`) {
			t.Error(r)
		}
	}
	world.Sh(t, "netns -p list; netns -j -p set demo 7; netns -v list; echo list | netns -force -batch -").Want(t, 0)
}

// The words of other programs are answered with those of netns, and an option with the hyphens that were typed.
func TestWordsOfOthers(t *testing.T) {
	world.Clean(t)
	for args, want := range map[string]string{
		"remove demo": `"delete"`, "destroy demo": `"delete"`, "enter demo": `"exec"`, "shell demo": `"exec"`, "new demo": `"create"`,
		"help remove": `"delete"`, "create --no-verify demo": `"--verify=false"`, "list -foo": `unknown option "-foo"`,
		"list --foo": `unknown option "--foo"`, "create -timeout 5 demo": `-timeout: "5" is not a time`, "exec --all --jobs x true": "is not a number",
	} {
		if r := world.Sh(t, "netns "+args); !strings.Contains(r.Stderr, want) || r.Code != 2 && r.Code != 125 || strings.Contains(r.Stderr, "parse error") {
			t.Errorf("want %s, got %v", want, r)
		}
	}
	if help := world.Netns(t, "--help").Stdout; world.Netns(t, "help", "--help").Stdout != help {
		t.Error("help --help is not --help")
	}
}
