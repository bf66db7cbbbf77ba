// One makes the namespace that it is told by the library, and nothing else.
package main

import (
	"context"
	"log"
	"os"

	"github.com/netns-go/netns"
)

func main() {
	if err := netns.Create(context.Background(), os.Args[1:], netns.Options{}); err != nil {
		log.Fatal(err)
	}
}
