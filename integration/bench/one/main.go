// One makes the namespaces in its arguments by the library, and does nothing else.
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
