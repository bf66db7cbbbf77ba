// Package start does what is worth doing before the command-line library is initialised. Go initialises packages in the order
// of their paths, so this package comes before github.com/urfave/cli and the packages that need that. It must import little:
// not netns, which needs the netlink library.
//
// `netns exec [--net-only] NAME COMMAND...` becomes the command here, because scripts run it thousands of times.
// docs/performance.md has what that gains. Every other command line, also one with another option or with a mistake, is left
// to the verb. So is a look-up of exec's name that fails.
package start

import (
	"cmp"
	"context"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/netns-go/netns/cmd/netns/internal/inside"
	"github.com/netns-go/netns/persist"
)

// DirVar is the environment variable that names the run directory if no option does.
const DirVar = "NETNS_RUN_DIR"

// Failure is the error of a plain exec that failed after it had changed this process, and FailedName its namespace.
var (
	Failure    error
	FailedName string
)

func init() {
	if len(os.Args) > 2 && slices.Contains([]string{"create", "add", "attach", "delete", "del", "rm"}, os.Args[1]) {
		return // they become no command, and their signals cost less with free threads
	}
	// Only a command that is executed from the main thread keeps the parent-death signal of netns. A verb that becomes no
	// command can unlock its thread.
	runtime.LockOSThread()
	if Poller() == nil {
		plainExec(os.Args)
	}
}

// plainExec becomes the command of a plain exec. It returns if the command line is another one, or after a failure.
func plainExec(args []string) {
	if len(args) < 4 || args[1] != "exec" {
		return
	}
	var o inside.Options
	args = args[2:]
	if o.NetOnly = args[0] == "--net-only"; o.NetOnly {
		args = args[1:]
	}
	name, command := args[0], args[1:]
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 || strings.HasPrefix(name, "-") {
		return
	}
	store, err := persist.Open(cmp.Or(os.Getenv(DirVar), persist.DefaultDir))
	if err != nil {
		return
	}
	ns, err := store.Namespace(context.Background(), name)
	store.Close()
	if err == nil {
		defer ns.Close()
		FailedName, Failure = name, inside.Exec(int(ns.Fd()), name, inside.NewCommand(command), o)
	}
}
