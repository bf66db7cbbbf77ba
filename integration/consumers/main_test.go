//go:build all

// Package consumers tests programs that join a namespace: CNI plugins, runc, podman and others.
package consumers

import (
	"os"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestMain(m *testing.M) { os.Exit(world.CommandMain(m)) }
