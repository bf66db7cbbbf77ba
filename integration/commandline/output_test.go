package commandline

import (
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// create reports that it could not write its output, because the namespace exists.
func TestFullOutput(t *testing.T) {
	world.Clean(t)
	world.Sh(t, "netns create demo >/dev/full").Want(t, 8, "created, but standard output could not be written", unix.ENOSPC.Error())
	world.Netns(t, "delete", "demo")
}

// A pipe without a reader is an error, not a silent end.
func TestBrokenPipe(t *testing.T) {
	world.Clean(t)
	world.Sh(t, `{ sleep 0.2; netns create x; echo "code $?" >&2; } | true`).Want(t, 0, "created, but standard output could not be written", "broken pipe", "code 8")
	world.Netns(t, "delete", "x")
}
