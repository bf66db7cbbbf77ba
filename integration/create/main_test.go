// Package create tests the verbs create, add and attach: names, options, the run directory and its first use, signals, older kernels.
package create

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
