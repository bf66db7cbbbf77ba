// Plugin is a Go plugin that embeds netns and has its own stage.
package main

import (
	"context"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/stages"
)

func init() { stages.Register("plugin.stage", decode) }

type none struct{ stages.Inside }

func decode([]byte) (stages.Stage, error) { return none{}, nil }

func (none) Do(*stages.Target) error { return nil }

// Create makes a namespace, with the plugin's stage or without. Delete deletes it.
func Create(name string, own bool) error {
	var o netns.Options
	if own {
		o.Steps = []netns.Step{{Stage: "plugin.stage"}}
	}
	return netns.Create(context.Background(), []string{name}, o)
}

func Delete(name string) error {
	return netns.Delete(context.Background(), name, netns.DeleteOptions{})
}

func main() {}
