// Package exec tests the verbs that run a command inside: exec, exec --all and run.
package exec

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
