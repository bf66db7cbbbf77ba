//go:build all

// Package hosts tests programs that embed the library in every way. The directories below have the programs.
package hosts

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
