// Package deletion tests the verb delete, also with --kill and --wait.
package deletion

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
