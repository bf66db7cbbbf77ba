// Package names tests each verb on each thing that a name in the run directory can be.
package names

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
