// Package failure tests what is undone and reported if a stage, a child or a system call fails.
package failure

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
