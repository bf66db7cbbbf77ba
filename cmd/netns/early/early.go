// Package early starts the child of a command that makes namespaces while the program that is to make them is still being
// initialised: packages are initialised in the order of their paths, and so this one before the command-line library and
// whatever needs that. Then a create takes a twentieth less.
package early

import (
	"math"
	"os"
	"os/signal"
	"syscall"

	"github.com/netns-go/netns/internal/prestart"
	_ "github.com/netns-go/netns/stages" // which sets prestart.Child
	"golang.org/x/sys/unix"
)

// End ends a child that was started and not used, and is to be called before the program ends. It is nil if the command line
// is not one that makes namespaces, as far as that can be seen so early.
var End func()

// Signals is where Notify relays to since before the child was started, or nil.
var Signals chan os.Signal

func init() {
	if len(os.Args) > 2 && (os.Args[1] == "create" || os.Args[1] == "add") {
		Signals = make(chan os.Signal, 1)
		Notify(Signals)
		// What a shell has left open (exec 9>lock) would cost the child a second start, see package stages.
		_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) // since Linux 5.11
		End = prestart.Child()
	}
}

// Notify relays the signals that tell a command to end, but for those that were ignored when it started, as by nohup.
func Notify(signals chan<- os.Signal) {
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig)
		}
	}
}
