// Package between calls reexec.Init when it is initialised, as programs with a re-exec of their own may: between package
// stages, which it imports, and the stages of the program, whose import paths sort after its own.
package between

import (
	"os"

	"github.com/moby/sys/reexec"
	"github.com/netns-go/netns/stages"
)

// Own is an entry point that is dispatched here.
const Own = "between"

var _ = stages.Unshare // imported, so initialised before

func init() {
	reexec.Register(Own, func() { os.Stdout.WriteString("between\n") })
	if reexec.Init() {
		os.Exit(0)
	}
}
