// Package commandline tests what is common to all verbs: words and options, completion, external commands, batches, output and terminals.
package commandline

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
