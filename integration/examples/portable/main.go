// Portable compiles for every system. On Linux it serves from a network namespace; on other systems it prints that it cannot.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/rollback"
	"github.com/netns-go/netns/stages"
)

func main() {
	var unsupported *netns.UnsupportedError
	var left *rollback.UndoError
	switch err := serve(context.Background(), "10.1.2.3:80"); {
	case errors.As(err, &unsupported):
		fmt.Println("no network namespaces here:", unsupported)
	case errors.As(err, &left):
		log.Fatalf("%v; undo by hand: %s", err, left.Step)
	case err != nil:
		log.Fatal(err)
	}
}

// serve makes a namespace with the address, listens on it inside, and connects to it.
func serve(ctx context.Context, listen string) (err error) {
	o := netns.Options{Steps: []netns.Step{stages.Address("10.1.2.3/32"), {Stage: "example.listen", Args: []byte(listen)}}}
	ns, err := netns.New(ctx, "demo", o)
	if err != nil {
		return err
	}
	defer ns.Close()
	defer func() { err = errors.Join(err, ns.Delete(ctx)) }()
	listener, err := ns.Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	client, err := ns.DialContext(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	defer client.Close()
	fmt.Println("connected to", client.RemoteAddr(), "in", ns.Path())
	return nil
}

// A canListen is a stage that fails if it cannot listen on an address.
type canListen struct {
	stages.Inside
	address string
}

func init() {
	stages.Register("example.listen", func(args []byte) (stages.Stage, error) {
		if _, _, err := net.SplitHostPort(string(args)); err != nil {
			return nil, &stages.ArgumentError{Stage: "example.listen", Argument: string(args), Reason: err.Error()}
		}
		return canListen{address: string(args)}, nil
	})
}

func (c canListen) Do(*stages.Target) error {
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		return err
	}
	return listener.Close()
}
