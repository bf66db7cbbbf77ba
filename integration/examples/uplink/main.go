// Uplink makes a network namespace that reaches the namespace in which uplink runs, by its own stage:
//
//	uplink demo
//	netns exec demo ping -c 1 10.11.12.1
//
// If the link cannot be made, no namespace is made, and the other way round. The link ends with the namespace.
package main

import (
	"context"
	"log"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/examples/uplink/uplink"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: uplink NAME")
	}
	// A signal ends the context, so Create rolls back.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	step := uplink.Step(uplink.Link{
		Outside: "uplink0",
		Inside:  "eth0",
		Gateway: netip.MustParsePrefix("10.11.12.1/30"),
		Address: netip.MustParsePrefix("10.11.12.2/30"),
	})
	if err := netns.Create(ctx, []string{os.Args[1]}, netns.Options{Steps: []netns.Step{step}}); err != nil {
		log.Fatal(err)
	}
}
