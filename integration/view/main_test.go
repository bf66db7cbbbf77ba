// Package view tests the verbs that show namespaces: list, inspect and verify.
package view

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
