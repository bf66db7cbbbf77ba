// Package between calls reexec.Init in its initialiser, as programs with their own re-exec may. It is initialised between package
// stages, which it imports, and the program's stages, whose import paths sort after that of between.
package between

import (
	"os"

	"github.com/moby/sys/reexec"
	"github.com/netns-go/netns/stages"
)

// Own is an entry point that this package dispatches.
const Own = "between"

var _ = stages.Unshare // imported, so initialised before

func init() {
	reexec.Register(Own, func() { os.Stdout.WriteString("between\n") })
	if reexec.Init() {
		os.Exit(0)
	}
}
