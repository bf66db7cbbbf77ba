//go:build linux && (amd64 || arm64)

package main

// A verb is a row of the table: one command line.
type verb struct {
	name string // as worlds.go and docs/worlds.md have it
	// args are the command line. PID-S, PID-K and PID-U are processes in the namespaces s and k, and in a namespace without a name.
	args    string
	codes   []int
	adds    string // the names that show a namespace after success
	removes string // the names that are gone after success
	check   string // what standard output must be: "names", "json", or this name, if the directory shows it
	// The row runs only where the world sees the bystander of this name in this way.
	on   string
	seen sight

	term    bool // SIGTERM ends the command after a moment
	outside bool // the host runs the command
}

// A sight is how a world sees a bystander.
type sight string

const (
	hidden  sight = "hidden"  // as a file on which the world has no mount
	mounted sight = "mounted" // as a namespace
	either  sight = "either"  // as one of the two
)

// The bystanders. The host makes the late ones after the world has begun.
const (
	early   = "early"
	earlyIP = "early-ip"
	late    = "late"
	lateIP  = "late-ip"
)

var bystanders = []string{early, earlyIP, late, lateIP}

// The subjects are the world's own namespaces: s to read, d1 to d4 and k to delete, u to unmount by hand.
var subjects = []string{"s", "d1", "d2", "d3", "d4", "k", "u"}

func exit(codes ...int) []int { return codes }

var verbs = []verb{
	{name: "version", args: "version", codes: exit(0)},
	{name: "help", args: "help", codes: exit(0)},
	{name: "completion", args: "completion bash", codes: exit(0)},

	{name: "list", args: "list", codes: exit(0)},
	{name: "list -o name", args: "list -o name", codes: exit(0), check: "names"},
	{name: "list -o table", args: "list -o table", codes: exit(0)},
	{name: "list -o wide", args: "list -o wide", codes: exit(0)},
	{name: "list -o json", args: "list -o json", codes: exit(0), check: "json"},
	{name: "list --all", args: "list --all", codes: exit(0)},
	{name: "inspect", args: "inspect s", codes: exit(0)},
	{name: "inspect -o json", args: "inspect -o json s", codes: exit(0), check: "json"},
	{name: "verify", args: "verify s", codes: exit(0)},
	{name: "pids", args: "pids s", codes: exit(0)},
	{name: "pids --all", args: "pids --all s", codes: exit(0)},
	{name: "identify", args: "identify PID-S", codes: exit(0), check: "s"},
	{name: "set", args: "set s 77", codes: exit(0)},
	{name: "list-id", args: "list-id", codes: exit(0)},
	{name: "monitor", args: "monitor", codes: exit(128 + 15), term: true},

	{name: "exec", args: "exec s true", codes: exit(0)},
	{name: "exec --net-only", args: "exec --net-only s true", codes: exit(0)},
	{name: "exec --user", args: "exec --user 65534:65534 s true", codes: exit(0)},
	{name: "exec --all", args: "exec --all true", codes: exit(0)},
	{name: "run", args: "run true", codes: exit(0)},
	{name: "run --net-only", args: "run --net-only true", codes: exit(0)},

	{name: "create --dry-run", args: "create --dry-run n0", codes: exit(0)},
	{name: "create", args: "create -q n1 n2", codes: exit(0), adds: "n1 n2"},
	{name: "create --rollback-on-fail=false", args: "create -q --rollback-on-fail=false n3", codes: exit(0), adds: "n3"},
	{name: "create --if-not-exists", args: "create -q --if-not-exists s", codes: exit(0), adds: "s"},
	{name: "create (there)", args: "create -q s", codes: exit(4)},
	{name: "add", args: "add n4", codes: exit(0), adds: "n4"},
	{name: "attach", args: "attach a PID-U", codes: exit(0), adds: "a"},

	{name: "delete", args: "delete d1", codes: exit(0), removes: "d1"},
	{name: "delete --force", args: "delete --force d2", codes: exit(0), removes: "d2"},
	{name: "delete --wait", args: "delete --wait --timeout 10s d3", codes: exit(0), removes: "d3"},
	{name: "delete (several)", args: "delete d4 nothing", codes: exit(3), removes: "d4"},
	{name: "delete --if-exists", args: "delete --if-exists nothing", codes: exit(0)},
	{name: "delete --kill", args: "delete --kill --grace 2s k", codes: exit(0), removes: "k"},

	{name: "exec late", args: "exec late true", codes: exit(0), on: late, seen: mounted},
	{name: "exec late (hidden)", args: "exec late true", codes: exit(125), on: late, seen: hidden},
	{name: "verify late (hidden)", args: "verify late", codes: exit(4), on: late, seen: hidden},
	{name: "create late", args: "create -q late", codes: exit(4), on: late, seen: either},
	{name: "create late-ip", args: "create -q late-ip", codes: exit(4), on: lateIP, seen: either},
	{name: "create --if-not-exists late", args: "create -q --if-not-exists late", codes: exit(0), on: late, seen: mounted},
	{name: "create --if-not-exists late (hidden)", args: "create -q --if-not-exists late", codes: exit(4), on: late, seen: hidden},
	{name: "delete late (hidden)", args: "delete late", codes: exit(4), on: late, seen: hidden},
	{name: "delete late-ip (hidden)", args: "delete late-ip", codes: exit(4, 5), on: lateIP, seen: hidden},
	{name: "delete --kill late (hidden)", args: "delete --kill --grace 1s late", codes: exit(4), on: late, seen: hidden},
	// A world runs this only if its /proc does not show the process in early.
	{name: "delete --kill early", args: "delete --kill --grace 1s early", on: early, seen: mounted},

	{name: "recover --dry-run", args: "recover --dry-run", codes: exit(0)},
	{name: "recover", args: "recover", codes: exit(0), removes: "u"},
	{name: "recover (again)", args: "recover", codes: exit(0)},
	// The machine's administrator must not harm the world's namespaces either.
	{name: "recover on the machine", args: "recover", codes: exit(0), outside: true},
	{name: "delete --all", args: "delete --all", codes: exit(0)},
}
