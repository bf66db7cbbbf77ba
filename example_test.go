//go:build linux

package netns_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/netns-go/netns"
)

// A namespace for a while: made, worked in, and removed.
func Example() {
	ctx := context.Background()
	if err := netns.Create(ctx, []string{"example"}, netns.Options{Addresses: []string{"10.1.2.3/32"}}); err != nil {
		log.Fatal(err)
	}
	defer netns.Delete(ctx, "example", netns.DeleteOptions{})
	ns, err := netns.Open("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()
	err = ns.Do(ctx, func() error {
		listener, err := net.Listen("tcp", "10.1.2.3:80") // port 80 of this namespace
		if err == nil {
			fmt.Println(listener.Addr())
			listener.Close()
		}
		return err
	})
	fmt.Println(err)
	// Output:
	// 10.1.2.3:80
	// <nil>
}
