// Package early starts the child of a command that makes namespaces while the program that is to make them is still being
// initialised: packages are initialised in the order of their paths, and so this one before the command-line library and
// whatever needs that. Then a create takes a twentieth less.
package early

import (
	"os"

	"github.com/netns-go/netns"
)

// End ends a child that was started and not used, and is to be called before the program ends. It is nil if the command line
// is not one that makes namespaces, as far as that can be seen so early.
var End func()

func init() {
	if len(os.Args) > 2 && (os.Args[1] == "create" || os.Args[1] == "add") {
		End = netns.Prestart()
	}
}
