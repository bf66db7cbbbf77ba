// Muted makes namespaces, with package mute in its child.
package main

import (
	"context"
	"log"
	"os"

	"github.com/netns-go/netns"
	_ "github.com/netns-go/netns/integration/hosts/mute"
)

func main() {
	if err := netns.Create(context.Background(), os.Args[1:], netns.Options{}); err != nil {
		log.Fatal(err)
	}
}
